"""Five hundred runs at once, and a clock that jumps while runs are under way: all end; no turn asks for much."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

import pytest
import sqlalchemy as sa

from gristmill.core import tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.database import Database
from gristmill.core.events import Wakeup, read_after
from gristmill.core.lease import Leadership
from gristmill.core.pace import Pace
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.notebooks.model import ParameterSchema
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.runs import attempts, service
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.model import ClaimRequest, Run, RunRequest, RunState, WorkerEvent, WorkerEventKind
from gristmill.runs.reconcile import RunsReconciler
from gristmill.runs.search import RunFilter
from gristmill.server.loop import ControlLoop
from gristmill.snapshots import service as snapshots
from gristmill.snapshots.model import Snapshot, SnapshotFile, SnapshotRequest
from gristmill.tracking.model import TrackedStatus
from tests.unit.conftest import TestClock
from tests.waiting import until

AT_ONCE = 50
PER_RUN = 40  # statements at most, to admit, launch and close one
CATALOGUE = Catalogue(
    profiles=(Profile(name="small", resources=Resources(cpu=1, memory=2**30), default=True),),
    capacity=Resources(cpu=AT_ONCE, memory=2**36),
    source="test",
)
HOUR = 3600.0


class NoTracking:
    """MLflow, off."""

    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, name: str) -> str:
        return "1"

    def find_or_create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str:
        return "0" * 32

    create_run = find_or_create_run

    def end_run(self, run_id: str, status: TrackedStatus) -> None: ...


class Statements:
    """How many each thread has sent to a database."""

    def __init__(self, db: Database) -> None:
        self._sent = Counter[int]()
        sa.event.listen(db.engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self._sent[threading.get_ident()] += 1

    @property
    def of_this_thread(self) -> int:
        return self._sent[threading.get_ident()]


@dataclass
class NoOp(Executor):
    """A launch is the whole life of a worker; with `patient` its second half waits for `finish`."""

    db: Database
    context: attempts.ClaimContext
    clock: TestClock
    statements: Statements
    patient: bool = False
    claims: list[str] = field(default_factory=list)
    by_workers: int = 0  # statements that the control loop's thread sent in a worker's place
    _alive: dict[str, Actor] = field(default_factory=dict)
    _launched: set[str] = field(default_factory=set)

    def kernels(self) -> tuple[str, ...] | None:
        return None

    def launch(self, order: Launch) -> None:
        before = self.statements.of_this_thread
        self._live(order)
        self.by_workers += self.statements.of_this_thread - before

    @property
    def by_the_loop(self) -> int:
        """The statements of the control loop's thread, where this is it, that were its own."""
        return self.statements.of_this_thread - self.by_workers

    def _live(self, order: Launch) -> None:
        with self.db.read() as tx:
            actor = tokens.authenticate(tx, order.token, self.clock.now())
        with self.db.write() as tx:
            attempts.claim(tx, actor, order.attempt, ClaimRequest(nonce="n"), self.context, self.clock)
        self.claims.append(order.attempt)
        self._launched.add(order.attempt)
        self._alive[order.attempt] = actor
        self._say(order.attempt, 1, WorkerEventKind.ATTEMPT_STARTED, {"provenance": {}})
        if not self.patient:
            self.finish(order.attempt)

    def finish(self, attempt: str) -> None:
        self._say(attempt, 2, WorkerEventKind.ATTEMPT_FINISHED, {"state": "succeeded", "seconds": 0.1})
        del self._alive[attempt]

    def _say(self, attempt: str, n: int, kind: WorkerEventKind, data: dict[str, object]) -> None:
        event = WorkerEvent(n=n, kind=kind, time=self.clock.now(), data=data)
        with self.db.write() as tx:
            attempts.receive(tx, self._alive[attempt], attempt, (event,), self.clock)

    def observe(self, attempt: str) -> Presence:
        if attempt in self._alive:
            return Presence.ALIVE
        return Presence.GONE if attempt in self._launched else Presence.ABSENT

    def cancel(self, attempt: str) -> None:
        raise AssertionError(f"{attempt} was asked to stop")

    def kill(self, attempt: str) -> None:
        raise AssertionError(f"{attempt} was killed")

    def stand_down(self) -> None: ...

    def clean_up(self, attempt: str) -> bool:
        return True

    def undelivered(self, attempt: str, after: int) -> tuple[WorkerEvent, ...]:
        return ()

    def undelivered_blobs(self, attempt: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        return iter(())

    def log_tail(self, attempt: str) -> str:
        return ""

    def forget(self, attempt: str) -> None: ...


@pytest.fixture
def executor(db: Database, clock: TestClock) -> NoOp:
    context = attempts.ClaimContext(url="http://127.0.0.1:1", catalogue=CATALOGUE, settings=Settings())
    return NoOp(db, context, clock, Statements(db))


@pytest.fixture
def reconciler(db: Database, clock: TestClock, executor: NoOp, tmp_path: object) -> RunsReconciler:
    leader = Leadership(db, clock, "me")
    leader.take_over()
    return RunsReconciler(
        db=db,
        leader=leader,
        executor=executor,
        blobs=BlobStore(f"{tmp_path}/blobs", max_bytes=1000),
        tracking=NoTracking(),
        catalogue=CATALOGUE,
        settings=Settings(),
        clock=clock,
        url="http://127.0.0.1:1",
    )


@pytest.fixture
def snapshot(db: Database, person: Actor, clock: TestClock) -> Snapshot:
    file = SnapshotFile(path="train.ipynb", digest="sha256:" + "0" * 64, size=1)
    facts = snapshots.NotebookFacts(schema=ParameterSchema(language="python", cell=None), kernel="python3")
    with db.write() as tx:
        return snapshots.create(tx, person, SnapshotRequest(notebook="train.ipynb", files=(file,)), facts, clock)


def create(db: Database, person: Actor, snapshot: Snapshot, clock: TestClock, **fields: object) -> Run:
    request = RunRequest(snapshot=snapshot.id, **fields)  # type: ignore[arg-type]
    with db.write() as tx:
        return service.create(tx, person, request, snapshot, catalogue=CATALOGUE, max_queued=10_000, clock=clock)


def states(db: Database, person: Actor) -> list[RunState]:
    found: list[RunState] = []
    before: int | None = None
    while True:
        with db.read() as tx:
            page = service.list_runs(tx, person, RunFilter(limit=500, before=before))
        if not page:
            return found
        found += [run.state for run in page]
        before = page[-1].number


@pytest.mark.slow
def test_five_hundred_runs_that_are_queued_at_once_all_end(
    db: Database, person: Actor, snapshot: Snapshot, clock: TestClock, reconciler: RunsReconciler, executor: NoOp
) -> None:
    """From ten threads, while the control loop is at work; each is executed once, and no turn asks for much."""
    turns: list[int] = []

    def step() -> Pace:
        before = executor.by_the_loop
        pace = reconciler.step()
        turns.append(executor.by_the_loop - before)
        return pace

    wakeup = Wakeup()
    db.on_commit = wakeup.set
    loop = ControlLoop(reconciler.leader, wakeup, (("runs", step),))
    loop.start()

    def submit() -> None:
        for _ in range(50):
            create(db, person, snapshot, clock)

    threads = [threading.Thread(target=submit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        until(lambda: len(executor.claims) == 500, timeout=200, what="all were executed")
    finally:
        loop.stop()
    until(lambda: not reconciler.step(), what="all are closed")
    assert set(states(db, person)) == {RunState.SUCCEEDED}
    assert len(states(db, person)) == 500
    assert len(executor.claims) == len(set(executor.claims)) == 500
    assert max(turns) < PER_RUN * AT_ONCE, "however many wait"


@pytest.mark.parametrize("seconds", [-HOUR, 24 * HOUR], ids=["an hour back", "a day forward"])
def test_a_clock_that_jumps_ends_nothing_and_nothing_hangs(
    db: Database,
    person: Actor,
    snapshot: Snapshot,
    clock: TestClock,
    reconciler: RunsReconciler,
    executor: NoOp,
    seconds: float,
) -> None:
    """Runs that are queued, run and have a timeout; what comes after the jump comes after in every list."""
    executor.patient = True
    first = create(db, person, snapshot, clock, timeout_s=600.0)
    reconciler.step()
    reconciler.step()
    clock.time += timedelta(seconds=seconds)
    second = create(db, person, snapshot, clock)
    for _ in range(5):
        clock.seconds += 1
        reconciler.step()
    assert states(db, person) == [RunState.RUNNING, RunState.RUNNING]
    assert reconciler.leader.leading
    for attempt in list(executor.claims):
        executor.finish(attempt)
    until(lambda: not reconciler.step(), what="both are closed")
    assert states(db, person) == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    with db.read() as tx:
        assert [run.id for run in service.list_runs(tx, person, RunFilter())] == [second.id, first.id]
        page = read_after(tx, project_id=DEFAULT_PROJECT, after=0, limit=1000)
    assert [event.seq for event in page.events] == sorted(event.seq for event in page.events)
    assert page.events[0].subject == first.id
