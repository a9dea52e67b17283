"""What is done by hand in a notebook: sessions of kernels that run for a person, and the MLflow runs that they make."""

from dataclasses import dataclass, field
from datetime import datetime

from gristmill.core.wire import Strict
from gristmill.tracking.model import TrackedStatus


@dataclass(frozen=True, kw_only=True)
class InteractiveRequest(Strict):
    """POST /api/interactive. `notebook` is its path, as runs of it have it: relative to the project's root."""

    notebook: str
    source: str | None = None  # where it lies on the person's machine, for people to open


@dataclass(frozen=True, kw_only=True)
class InteractiveSession:
    """A kernel's from its start to its end. Runs that it makes carry its id in the tag `gristmill.interactive`."""

    id: str
    project_id: str
    notebook: str
    experiment: str  # its name: `project/notebook`, as that of the notebook's runs
    experiment_id: str
    created_by: str
    created_at: datetime
    seen_at: datetime  # when it last asked for something, to a few minutes
    ended_at: datetime | None = None
    tracking_server: str | None = None  # the URL of an MLflow server that is not our own
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class StartedSession:
    """`token` is shown this once. It ends with the session."""

    session: InteractiveSession
    token: str = field(repr=False)
    tracking_uri: str

    def environment(self) -> dict[str, str]:
        """What the kernel needs in its environment, so that plain `mlflow` calls land where they belong."""
        return {
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_EXPERIMENT_ID": self.session.experiment_id,
            "GRISTMILL_INTERACTIVE": self.session.id,
        }


@dataclass(frozen=True, kw_only=True)
class InteractiveRun:
    """An MLflow run that was made by hand. `id` is MLflow's; `metrics` has the last value of each."""

    id: str
    session: str
    notebook: str
    name: str
    status: TrackedStatus
    created_by: str
    started_at: datetime
    ended_at: datetime | None
    experiment_id: str
    source: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
