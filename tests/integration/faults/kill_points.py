"""Where kill -9 strikes: named places in the life of a run, and what of a seed's choice they make."""

import random
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

CELLS = 4


class Role(StrEnum):
    CONTROL_PLANE = "control plane"
    WORKER = "worker"
    KERNEL = "kernel"
    KEEPER = "kernel's keeper"
    KERNEL_ZYGOTE = "zygote of kernels"
    WORKER_ZYGOTE = "zygote of workers"
    MLFLOW = "mlflow"
    SUPERVISOR = "supervisor"
    SERVING = "serving worker"


class Stage(IntEnum):
    """How far an attempt is, as it is seen from outside: rows, its folder, what its cells have written."""

    QUEUED = 0
    ADMITTED = 1  # reserved; MLflow knows nothing of it
    TRACKED = 2
    LAUNCHED = 3
    CLAIMED = 4
    STARTED = 5  # the worker has said so
    IN_FIRST_CELL = 6
    BETWEEN_CELLS = 7  # the first is through
    IN_LAST_CELL = 8
    FINISHED = 9  # written down by the worker, not yet heard of by the control plane
    REPORTED = 10
    CLOSED = 11


@dataclass(frozen=True)
class Outside:
    """`role` is killed some time after an attempt was seen at `stage`."""

    role: Role
    stage: Stage

    @property
    def name(self) -> str:
        return f"{self.role} when {self.stage.name.lower().replace('_', ' ')}"


@dataclass(frozen=True)
class Inside:
    """A process kills itself `when` it calls this: before it, after it, or when a context manager is left.

    Workers and supervisors do where they start cold.
    """

    label: str
    module: str
    call: str
    when: str = "after"
    most: int = 3  # the call at which it fires is drawn from the first so many
    after: Outside | None = None  # a kill without which it does not come to this
    role: Role = Role.CONTROL_PLANE

    @property
    def name(self) -> str:
        return f"{self.role}: {self.label}"


S = Stage
_STAGES = {
    Role.CONTROL_PLANE: tuple(Stage),
    Role.WORKER: (S.LAUNCHED, S.CLAIMED, S.STARTED, S.IN_FIRST_CELL, S.BETWEEN_CELLS, S.IN_LAST_CELL, S.FINISHED),
    Role.KERNEL: (S.STARTED, S.IN_FIRST_CELL, S.BETWEEN_CELLS, S.IN_LAST_CELL, S.FINISHED),
    Role.KEEPER: (S.IN_FIRST_CELL, S.IN_LAST_CELL),
    Role.KERNEL_ZYGOTE: (S.LAUNCHED, S.CLAIMED, S.STARTED, S.IN_FIRST_CELL),
    Role.WORKER_ZYGOTE: (S.QUEUED, S.ADMITTED, S.TRACKED, S.LAUNCHED, S.IN_FIRST_CELL),
    Role.MLFLOW: (S.QUEUED, S.ADMITTED, S.TRACKED, S.IN_FIRST_CELL, S.IN_LAST_CELL, S.FINISHED, S.REPORTED),
    Role.SUPERVISOR: (S.QUEUED, S.STARTED, S.REPORTED),
    Role.SERVING: (S.QUEUED, S.STARTED),
}
OUTSIDE = tuple(Outside(role, stage) for role, stages in _STAGES.items() for stage in stages)

_RUNS, _LOCAL = "gristmill.runs", "gristmill.runs.executors.local"
_ENDPOINTS = "gristmill.endpoints.reconcile"
_WORKER_GONE = Outside(Role.WORKER, S.IN_FIRST_CELL)
_SUPERVISOR_GONE = Outside(Role.SUPERVISOR, S.QUEUED)
_GONE = Outside(Role.CONTROL_PLANE, S.STARTED)
_CONTROL_PLANE = (
    Inside("before a commit", "gristmill.core.database", "flush", most=60),
    Inside("after a commit", "gristmill.core.database", "Database.write", "left", most=60),
    Inside("a blob is stored", "gristmill.core.blobs", "BlobStore.put", most=12),
    Inside("a run is created", f"{_RUNS}.service", "create"),
    Inside("about to admit", f"{_RUNS}.admission", "Admission._admit", "before"),
    Inside("admitted", f"{_RUNS}.admission", "Admission._admit"),
    Inside("about to track", f"{_RUNS}.launching", "Launcher._tracked", "before"),
    Inside("tracked", f"{_RUNS}.launching", "Launcher._tracked"),
    Inside("a worker's token is issued", f"{_RUNS}.launching", "Launcher._token"),
    Inside(
        "a process is started",
        "gristmill.core.processes",
        "_popen",
        most=1,
        after=Outside(Role.WORKER_ZYGOTE, S.QUEUED),
    ),
    Inside("about to ask a zygote", "gristmill_kernels.forking", "message", "before"),
    Inside("a zygote is asked", "gristmill_kernels.zygote.wire", "send"),
    Inside("a zygote has answered", "gristmill_kernels.forking", "fork"),
    Inside("a worker is launched", _LOCAL, "LocalExecutor.launch"),
    Inside("a claim is not committed", f"{_RUNS}.attempts", "claim"),
    Inside("events are not committed", f"{_RUNS}.attempts", "take", most=12),
    Inside("about to take leave", f"{_RUNS}.watching", "Watch.take_leave", "before", most=1, after=_WORKER_GONE),
    Inside("blobs of a gone worker are taken", f"{_RUNS}.watching", "Watch._take_blobs", most=1, after=_WORKER_GONE),
    Inside("a gone worker's journal is read", _LOCAL, "LocalExecutor.undelivered", most=1, after=_WORKER_GONE),
    Inside("about to end an attempt", f"{_RUNS}.watching", "Watch.end", "before", most=1, after=_WORKER_GONE),
    Inside("about to close", f"{_RUNS}.watching", "Watch.close", "before"),
    Inside("cleaned up", _LOCAL, "LocalExecutor.clean_up"),
    Inside("its MLflow run is ended", f"{_RUNS}.watching", "Watch._end_tracked"),
    Inside("about to forget", _LOCAL, "LocalExecutor.forget", "before"),
    Inside("closed", f"{_RUNS}.watching", "Watch.close"),
    Inside("an endpoint is admitted", _ENDPOINTS, "EndpointsReconciler._admit", most=1, after=_SUPERVISOR_GONE),
    Inside(
        "a supervisor is started",
        "gristmill.endpoints.backends.local",
        "LocalBackend.start",
        most=1,
        after=_SUPERVISOR_GONE,
    ),
    Inside("the schema is ready", "gristmill.server.schema", "prepare", most=1, after=_GONE),
    Inside("about to say where it is", "gristmill.server.files", "write_port_file", "before", most=1, after=_GONE),
)
_WORKER, _SERVING = "gristmill.worker", "gristmill.serving"


def _in_worker(label: str, call: str, when: str = "after", most: int = 3) -> Inside:
    module, _, name = call.partition(":")
    return Inside(label, f"{_WORKER}.{module}", name, when, most, role=Role.WORKER)


def _in_supervisor(label: str, call: str, when: str = "after", most: int = 1) -> Inside:
    module, _, name = call.partition(":")
    return Inside(label, f"{_SERVING}.{module}", name, when, most, _SUPERVISOR_GONE, Role.SUPERVISOR)


_OTHERS = (
    _in_worker("about to claim", "transport:ControlPlane.claim", "before"),
    _in_worker("has claimed", "transport:ControlPlane.claim"),
    _in_worker("about to write down", "journal:Journal.append", "before", most=30),
    _in_worker("has written down", "journal:Journal.append", most=30),
    _in_worker("about to tell", "transport:ControlPlane.send", "before", most=20),
    _in_worker("has told", "transport:ControlPlane.send", most=20),
    _in_worker("has sent a blob", "transport:ControlPlane.put_blob", most=1),
    _in_worker("has unpacked", "workspace:Workspace.unpack"),
    _in_worker("has started a kernel", "kernel:Kernel.start"),
    _in_worker("has saved the notebook", "execution:WholeFileManager.save", most=12),
    _in_worker("about to end the kernel", "kernel:Kernel.shutdown", "before"),
    _in_worker("has ended what was left behind", "attempt:end_left_behind"),
    _in_worker("has collected outputs", "workspace:Workspace.collect"),
    _in_worker("has ended the MLflow run", "tracking:Tracking.finish"),
    _in_worker("about to say the end", "reporter:Reporter.attempt_finished", "before"),
    _in_worker("has said the end", "reporter:Reporter.attempt_finished"),
    _in_worker("has delivered everything", "outbox:Outbox.close"),
    _in_supervisor("has recalled", "supervisor:Supervisor.recall"),
    _in_supervisor("has taken what is desired", "supervisor:Supervisor.take"),
    _in_supervisor("has written a file", "folders:EndpointFolder.write", most=4),
    _in_supervisor("about to switch", "supervisor:Supervisor._switch", "before"),
    _in_supervisor("has switched", "supervisor:Supervisor._switch"),
)
INSIDE = (*_CONTROL_PLANE, *_OTHERS)
_ZYGOTES = {Role.KERNEL_ZYGOTE, Role.WORKER_ZYGOTE, Role.KEEPER}


def as_json() -> list[dict[str, str]]:
    """What the control plane is told of its points."""
    return [{name: getattr(point, name) for name in ("name", "module", "call", "when")} for point in INSIDE]


@dataclass(frozen=True)
class Strike:
    """One kill of a seed. `run` and `attempt` (from 1) say whose stage is waited for."""

    point: Outside
    run: int
    attempt: int
    delay: float

    def __str__(self) -> str:
        return f"{self.point.name}, run {self.run} attempt {self.attempt}, {self.delay * 1000:.0f} ms later"


@dataclass(frozen=True)
class Arming:
    """An inside point and the call at which it fires, counted from the beginning of the seed."""

    point: Inside
    at: int

    def __str__(self) -> str:
        return f"{self.point.name}, call {self.at}"


@dataclass(frozen=True)
class Plan:
    """All that a seed decides. The rest is the machine's."""

    seed: int
    retries: tuple[int, ...]  # of each run
    strikes: tuple[Strike, ...]
    armings: tuple[Arming, ...]
    away: tuple[float, ...] = field(default=(0.0,))  # seconds that a killed control plane stays away, in turn

    def __str__(self) -> str:
        kills = "; ".join(map(str, (*self.strikes, *self.armings)))
        return f"seed {self.seed}: runs with retries {self.retries}; {kills}"


def draw(seed: int, *, cold: bool = False, runs: int = 3) -> Plan:
    """`cold` is a scene without zygotes, in which workers and supervisors know their points too."""
    chance = random.Random(seed)  # noqa: S311  # the same again, is what is wanted
    retries = tuple(chance.choice((0, 0, 1, 2)) for _ in range(runs))
    inside = _inside(chance, cold=cold)
    # Every role comes as often as another, whatever the number of its stages.
    known = [role for role in Role if not (cold and role in _ZYGOTES)]
    roles = [chance.choice(known) for _ in range(chance.choice((1, 2, 2, 3)))]
    outside = [chance.choice([one for one in OUTSIDE if one.role is role]) for role in roles]
    strikes = [_strike(chance, point, retries) for point in outside]
    # There is a second attempt where the first one fails.
    again = {one.run for one in strikes if one.attempt > 1}
    strikes += [Strike(Outside(Role.KERNEL, Stage.IN_FIRST_CELL), run, 1, 0.0) for run in sorted(again)]
    strikes += [Strike(point.after, 0, 1, 0.0) for point in inside if point.after]
    return Plan(
        seed=seed,
        retries=retries,
        strikes=tuple(strikes),
        armings=tuple(Arming(point, chance.randint(1, point.most)) for point in inside),
        away=tuple(chance.choice((0.0, 0.0, chance.uniform(0, 0.5), chance.uniform(0, 4))) for _ in range(8)),
    )


def _inside(chance: random.Random, *, cold: bool) -> list[Inside]:
    found = chance.sample(_CONTROL_PLANE, chance.choice((0, 1, 1, 2)))
    return found + chance.sample(_OTHERS, chance.choice((1, 1, 2))) if cold else found


def _strike(chance: random.Random, point: Outside, retries: tuple[int, ...]) -> Strike:
    run = chance.randrange(len(retries))
    attempt = chance.choice((1, 1, 1, 2)) if retries[run] else 1
    delay = chance.choice((0.0, chance.uniform(0, 0.02), chance.uniform(0, 0.2), chance.uniform(0, 1.0)))
    return Strike(point, run, attempt, delay)
