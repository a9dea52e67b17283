"""Runs and attempts: the states they go through, and what worker and control plane tell each other."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gristmill.core.errors import ConflictError
from gristmill.core.small_blobs import SmallBlob
from gristmill.core.wire import Strict
from gristmill.data_roots.model import DataBinding
from gristmill.environments.model import RunEnvironment
from gristmill.profiles.model import Resources
from gristmill.secrets.model import GrantedSecret, SecretGrant
from gristmill.snapshots.model import SnapshotFile
from gristmill.tracking.model import MetricHistory

WORKER_PROTOCOL = 1
POST_MORTEM_S = 1800.0  # how long a kernel is kept where no time is given
LONGEST_POST_MORTEM_S = 24 * 3600.0


class RunState(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in FINAL_STATES


FINAL_STATES = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})

# An attempt has a run's states, less `queued`; a run goes back to `queued` when another attempt is due.
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.CANCELLED, RunState.FAILED}),
    RunState.STARTING: frozenset({RunState.RUNNING, RunState.QUEUED, *FINAL_STATES}),
    RunState.RUNNING: frozenset({RunState.QUEUED, *FINAL_STATES}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}


def check_transition(before: RunState, after: RunState) -> None:
    if after not in TRANSITIONS[before]:
        raise ConflictError(f"a run cannot go from {before} to {after}")


class FaultKind(StrEnum):
    """Why an attempt failed."""

    CELL_ERROR = "cell_error"
    KERNEL_DIED = "kernel_died"
    KERNEL_START = "kernel_start"
    TIMEOUT = "timeout"
    WORKER_LOST = "worker_lost"
    LAUNCH = "launch"
    NOTEBOOK = "notebook"


@dataclass(frozen=True, kw_only=True)
class RunFault:
    """`cell` is the index in the source notebook, from 0; `line` counts within that cell, from 1."""

    kind: FaultKind
    message: str
    cell: int | None = None
    source: str | None = None
    line: int | None = None
    traceback: tuple[str, ...] = ()
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`value` is the last reported, or the mean of `count` repeats with standard deviation `spread`."""

    value: float
    spread: float | None = None
    count: int | None = None
    step: int | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`cell` of `cells` runs now (code cells, from 1); `fraction` is what the notebook itself reported, 0 to 1."""

    cell: int = 0
    cells: int = 0
    fraction: float | None = None
    message: str | None = None
    tail: str | None = None  # the last line of output


@dataclass(frozen=True, kw_only=True)
class Output:
    """A file that a run made or changed in its working directory, or one that it named with `gristmill.output`."""

    name: str
    digest: str
    size: int
    declared: bool = False
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeptKernel:
    """The kernel of an attempt that has failed in a cell, alive until then for whoever connects to it.

    Who may read `connection_file`, on the machine that it is on, may connect.
    """

    connection_file: str
    since: datetime
    until: datetime
    ending: bool = False  # it was told to end
    deleting: bool = False  # and its run goes with it


@dataclass(frozen=True, kw_only=True)
class Attempt:
    id: str
    project_id: str
    run_id: str
    number: int
    state: RunState
    created_at: datetime
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tracking_run: str | None = None  # MLflow's run id
    tracking_server: str | None = None  # where that is, if not on Gristmill's own MLflow server: its URL
    waiting: str | None = None  # why it does not go on now
    progress: Progress = field(default_factory=Progress)
    executed_notebook: str | None = None  # digest
    fault: RunFault | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    kept_kernel: KeptKernel | None = None  # as long as it may live


@dataclass(frozen=True, kw_only=True)
class RunRequest(Strict):
    """POST /api/runs. What is left out takes the notebook's, the catalogue's or the settings' default."""

    snapshot: str
    parameters: dict[str, Any] = field(default_factory=dict)
    profile: str | None = None
    kernel: str | None = None
    secrets: tuple[SecretGrant, ...] = ()
    name: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    priority: int = 0
    timeout_s: float | None = None
    retries: int = 0
    data: tuple[DataBinding, ...] | None = None  # default: the roots of the folder that the snapshot was taken from
    environment: str | None = None  # a name; default: the kernelspec's own. Not together with `kernel`
    post_mortem_s: float | None = None  # how long its kernel is kept where it fails in a cell


@dataclass(frozen=True, kw_only=True)
class Run:
    """`parameters` are all of them, defaults included; `given` names those that the caller set."""

    id: str
    project_id: str
    number: int
    name: str
    notebook: str
    snapshot: str
    parameters: dict[str, Any]
    given: tuple[str, ...]
    profile: str
    kernel: str
    secrets: tuple[SecretGrant, ...] = ()
    labels: dict[str, str]
    priority: int
    timeout_s: float | None
    retries: int
    state: RunState
    created_by: str
    created_at: datetime
    cancel_requested: bool = False
    waiting: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    models: tuple["LoggedModel", ...] = ()
    fault: RunFault | None = None
    attempt: Attempt | None = None  # the last one
    data: tuple[DataBinding, ...] = ()
    environment: RunEnvironment | None = None  # None: the kernelspec's own
    post_mortem_s: float | None = None
    commit: str | None = None  # git's, of the folder that the snapshot was taken from


@dataclass(frozen=True, kw_only=True)
class RunChange(Strict):
    """PATCH /api/runs/{run}. What is left out stays; a label that is null goes."""

    name: str | None = None
    labels: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunGroup:
    """Runs of one notebook or commit; `newest` is the number of the last one. `key` is None for those without."""

    key: str | None
    count: int
    newest: int


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """`total` runs are what is asked for; `newest` is the highest number of any run of the project."""

    total: int
    newest: int
    groups: tuple[RunGroup, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunColumns:
    """Names of what runs of the project have, in alphabetical order."""

    metrics: tuple[str, ...]
    parameters: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LoggedModel:
    """A model that the run's notebook logged to MLflow. `id` is `m-…`."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an attempt held its profile for, its kept kernel included; `until` is None while it does. It costs by it."""

    attempt: str
    profile: str
    rate_per_hour: float
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RunDetail:
    """A run with all its attempts, what they held, and outputs of the last."""

    run: Run
    attempts: tuple[Attempt, ...]
    outputs: tuple[Output, ...]
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunHistory:
    """How metrics of a run's last attempt went, step by step; `attempt` is None where none has begun."""

    run: str
    attempt: str | None
    metrics: tuple[MetricHistory, ...]


@dataclass(frozen=True, kw_only=True)
class RunForecast:
    """What a run of a notebook may expect of a profile now.

    `wait_s` is 0 where it would begin at once; None where nobody can tell, and `waiting` says for what. `run`, how many
    `seconds` it took and its `cost` are those of the last one of this notebook that succeeded there, if there is one.
    """

    profile: str
    wait_s: float | None
    waiting: str | None = None
    run: str | None = None
    seconds: float | None = None
    cost: float | None = None


@dataclass(frozen=True, kw_only=True)
class PostMortemKernel:
    """A kept kernel and what it holds. `id` is the attempt's; `memory` is what its processes take now, in bytes."""

    id: str
    run: str
    number: int
    name: str
    notebook: str
    profile: str
    resources: Resources
    kept: KeptKernel
    memory: int | None = None


# What goes between worker and control plane ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ClaimRequest:
    """`nonce` is the claiming process's own: claiming again with the same one is answered the same."""

    nonce: str
    protocol: int = WORKER_PROTOCOL


@dataclass(frozen=True, kw_only=True)
class AttemptOrder:
    """All that a worker needs to execute one attempt; the answer to its claim."""

    protocol: int
    attempt: str
    run: str
    run_number: int
    number: int
    notebook: str
    files: tuple[SnapshotFile, ...]
    import_roots: tuple[str, ...]
    parameters: dict[str, Any]  # those that the caller set
    parameters_cell: int | None
    kernel: str
    timeout_s: float | None
    cpu: float  # cores: sizes the thread pools
    secrets: tuple[GrantedSecret, ...] = ()
    tracking_uri: str
    tracking_run: str
    tracking_experiment: str
    kernel_token: str
    log_limit: int = 10 * 2**20  # bytes of streamed output kept of one attempt
    output_limit: int = 512 * 2**20  # bytes of one output file
    data: tuple[DataBinding, ...] = ()
    environment: RunEnvironment | None = None
    post_mortem_s: float | None = None  # of the last attempt only
    small_blobs: bool = False  # whether the control plane takes and gives them together: an older one does not
    blobs: tuple[SmallBlob, ...] = ()  # of `files`, what is small


class WorkerEventKind(StrEnum):
    """What a worker reports; `data` of each is in brackets."""

    ATTEMPT_STARTED = "attempt.started"  # {provenance: {worker: {...}}}; said again with what takes time to find out
    CELL_STARTED = "cell.started"  # {cell: index in the source or None, number: n of code cells from 1, of: m}
    CELL_FINISHED = "cell.finished"  # {cell, number, of, seconds, failed, digest: blob of the cell's outputs as JSON}
    LOG = "log"  # {cell, stream: stdout|stderr|display, digest, size, tail, cut}
    METRIC = "metric"  # {metrics: {name: {value, spread?, count?, step?}}}
    PROGRESS = "progress"  # {fraction?, message?}
    OUTPUT = "output"  # {name, digest, size, declared, description?}
    MODELS = "models"  # {models: [{id, name}]}
    UTILISATION = "utilisation"  # {points: [UtilisationPoint]}
    ATTEMPT_FINISHED = "attempt.finished"  # {state, fault?: RunFault, executed_notebook?: digest, seconds, notices,
    # connection_file?: of the kernel that is kept}


@dataclass(frozen=True, kw_only=True)
class WorkerEvent:
    """`n` counts from 1 within the attempt without gaps; the same `n` sent again is taken once."""

    n: int
    kind: WorkerEventKind
    time: datetime
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WorkerEvents:
    """`blobs` are small ones that the events point to; larger ones were sent before."""

    events: tuple[WorkerEvent, ...]
    blobs: tuple[SmallBlob, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WorkerEventsAnswer:
    """`last` is the highest `n` the control plane holds; `cancel` asks the worker to stop."""

    last: int
    cancel: bool = False
