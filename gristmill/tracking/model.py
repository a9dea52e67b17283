"""What Gristmill knows of MLflow: how its server stands, and its runs, logged models and registered models."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# The tag by which an attempt's MLflow run is found again.
ATTEMPT_TAG = "gristmill.attempt"
# The name that a notebook gave to `set_experiment`, kept on its run.
EXPERIMENT_TAG = "gristmill.experiment"
# The session of the interactive kernel that has made a run.
INTERACTIVE_TAG = "gristmill.interactive"
# Tags that only the control plane writes.
RESERVED_TAGS = "gristmill."
# What a server without a name of its own is called.
OWN_SERVER = "Gristmill's own MLflow server"
PARENT_TAG = "mlflow.parentRunId"
# What MLflow itself calls metrics of the machine, and none of the model.
MACHINE = "system/"
_NOT_IN_NAMES = re.compile(r"[^/\w.\- :]")
# MLflow takes 500 characters, and its table of experiments has room for these.
LONGEST_EXPERIMENT = 256


def experiment_name(project: str, notebook: str) -> str:
    """`project/notebook`; too long a one is cut in its middle, and a hash keeps it apart from others."""
    name = f"{project}/{notebook}"
    if len(name) <= LONGEST_EXPERIMENT:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[:100]}…{name[-138:]}~{digest}"


class Health(StrEnum):
    STARTING = "starting"
    READY = "ready"
    AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class TrackingState:
    """`since` is when it came to be so; `reason` says why it is not ready, `notice` what does not work although it is.

    `version` is what an existing server says that it is.
    """

    health: Health
    since: datetime
    reason: str | None = None
    version: str | None = None
    notice: str | None = None

    @property
    def ready(self) -> bool:
        return self.health is Health.READY


class TrackedStatus(StrEnum):
    """The states of an MLflow run."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """An MLflow run. `metrics` holds the last value of each; `artifact_path` is relative to the artifact root."""

    id: str
    experiment_id: str
    name: str
    status: TrackedStatus
    started_at: datetime
    ended_at: datetime | None
    artifact_path: str
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MetricHistory:
    """The values of one metric, ordered by step and time: three columns of the same length.

    A value is None where it is infinite or none at all. `sampled`: there are more values than are told; the first and
    the last are among these.
    """

    name: str
    steps: tuple[int, ...] = ()
    values: tuple[float | None, ...] = ()
    times: tuple[datetime, ...] = ()
    sampled: bool = False


@dataclass(frozen=True, kw_only=True)
class LoggedModelEntry:
    """A model that a run logged. `id` is `m-…`; `artifact_path` is relative to the artifact root."""

    id: str
    name: str
    experiment_id: str
    run_id: str | None
    artifact_path: str
    ready: bool
    created_at: datetime
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RegisteredModelEntry:
    name: str
    created_at: datetime
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)  # alias to version


@dataclass(frozen=True, kw_only=True)
class ModelVersionEntry:
    """A version in MLflow's registry. `source` is mostly `models:/m-…`; `model_id` is that `m-…`."""

    name: str
    version: str
    source: str
    status: str
    created_at: datetime
    run_id: str | None = None
    model_id: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArtifactEntry:
    """A file or folder; `path` is relative to the artifact root."""

    path: str
    folder: bool
    size: int | None = None


# The artifact root that every run's and model's address begins with.
WORKSPACES = "workspaces"  # the folder of artifacts that has one for each project, where MLflow keeps them apart
ARTIFACT_ROOT = "mlflow-artifacts:/"


def artifact_path(uri: str) -> str:
    """`uri` relative to the artifact root; empty where it lies elsewhere, and MLflow's proxy cannot read it."""
    return uri.removeprefix(ARTIFACT_ROOT).strip("/") if uri.startswith(ARTIFACT_ROOT) else ""


def mlflow_name(name: str) -> str:
    """`name` with what MLflow allows in names of metrics and parameters; "F1 (macro)" becomes "F1 _macro_"."""
    return _NOT_IN_NAMES.sub("_", name).strip("/") or "_"
