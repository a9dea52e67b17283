"""Times what a run costs in the control plane alone: its executor does nothing, MLflow answers at once from memory.

    python tests/bench/engine.py [--runs 200] [--queued 1000] [--postgres]

*Per run*: from the request to the reservation given back, on one thread. The run is made, admitted and launched; a
stand-in for its worker claims it in the launch and reports a start, a cell and an end, each in a transaction of its own
as over HTTP; then it is seen to be gone and closed. *Control step*: one turn of the runs' step with so many runs queued
and the machine full; the first one, which tells those in line that they wait, and those after it.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parents[2]))

from gristmill.core import tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.lease import Leadership
from gristmill.core.scopes import PERSON_SCOPES, Actor, ActorKind
from gristmill.core.settings import Settings
from gristmill.notebooks.model import ParameterSchema
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from gristmill.runs import attempts, service
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.model import ClaimRequest, Run, RunRequest, WorkerEvent, WorkerEventKind
from gristmill.runs.reconcile import RunsReconciler
from gristmill.server.schema import upgrade
from gristmill.snapshots import service as snapshots
from gristmill.snapshots.model import Snapshot, SnapshotFile, SnapshotRequest
from gristmill.tracking.model import TrackedStatus
from tests import postgres

CLOCK = SystemClock()
ADA = Actor(
    id="actor_1", project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=frozenset(PERSON_SCOPES)
)
CATALOGUE = Catalogue(
    profiles=(Profile(name="small", resources=Resources(cpu=1, memory=2**30), default=True),),
    capacity=Resources(cpu=2, memory=2**33),
    source="bench",
)
STORY: tuple[tuple[WorkerEventKind, dict[str, Any]], ...] = (
    (WorkerEventKind.ATTEMPT_STARTED, {"provenance": {"worker": {"python": "3.11"}}}),
    (WorkerEventKind.CELL_STARTED, {"cell": 0, "number": 1, "of": 1}),
    (WorkerEventKind.CELL_FINISHED, {"cell": 0, "number": 1, "of": 1, "seconds": 0.1, "failed": False}),
    (WorkerEventKind.ATTEMPT_FINISHED, {"state": "succeeded", "seconds": 0.1}),
)


class NoOp(Executor):
    """A launch is the whole life of a worker. `held` keeps workers alive that never say anything."""

    def __init__(self, db: Database, context: attempts.ClaimContext) -> None:
        self._db, self._context = db, context
        self._launched: set[str] = set()
        self.held = False

    def kernels(self) -> tuple[str, ...] | None:
        return None

    def launch(self, order: Launch) -> None:
        self._launched.add(order.attempt)
        if self.held:
            return
        with self._db.read() as tx:
            actor = tokens.authenticate(tx, order.token, CLOCK.now())
        with self._db.write() as tx:
            attempts.claim(tx, actor, order.attempt, ClaimRequest(nonce="n"), self._context, CLOCK)
        for n, (kind, data) in enumerate(STORY, start=1):
            with self._db.write() as tx:
                event = WorkerEvent(n=n, kind=kind, time=datetime.now(UTC), data=data)
                attempts.receive(tx, actor, order.attempt, (event,), CLOCK)

    def observe(self, attempt: str) -> Presence:
        if attempt not in self._launched:
            return Presence.ABSENT
        return Presence.ALIVE if self.held else Presence.GONE

    def cancel(self, attempt: str) -> None: ...

    def kill(self, attempt: str) -> None: ...

    def clean_up(self, attempt: str) -> bool:
        return True

    def undelivered(self, attempt: str, after: int) -> tuple[WorkerEvent, ...]:
        return ()

    def undelivered_blobs(self, attempt: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        return iter(())

    def log_tail(self, attempt: str) -> str:
        return ""

    def stand_down(self) -> None:
        pass

    def forget(self, attempt: str) -> None:
        self._launched.discard(attempt)


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


@contextlib.contextmanager
def database(folder: Path, *, on_postgres: bool) -> Iterator[str]:
    if not on_postgres:
        yield f"sqlite:///{folder}/gristmill.db"
        return
    found = postgres.programs()
    if found is None:
        raise SystemExit("PostgreSQL's server is not installed")
    with postgres.server(found) as server:
        yield server.address(server.create())


def take_snapshot(db: Database) -> Snapshot:
    file = SnapshotFile(path="train.ipynb", digest="sha256:" + "0" * 64, size=1)
    facts = snapshots.NotebookFacts(schema=ParameterSchema(language="python", cell=None), kernel="python3")
    with db.write() as tx:
        ensure_default(tx, CLOCK.now())
        return snapshots.create(tx, ADA, SnapshotRequest(notebook="train.ipynb", files=(file,)), facts, CLOCK)


def create(db: Database, snapshot: Snapshot) -> Run:
    with db.write() as tx:
        request = RunRequest(snapshot=snapshot.id)
        return service.create(tx, ADA, request, snapshot, catalogue=CATALOGUE, max_queued=10**6, clock=CLOCK)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds on the wall, and of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def say(what: str, times: list[tuple[float, float]]) -> None:
    wall, cpu = ([one[index] for one in times] for index in (0, 1))
    p95 = statistics.quantiles(wall, n=20)[-1] if len(wall) > 1 else wall[0]
    middle = f"p50 {statistics.median(wall):6.1f} ms   p95 {p95:6.1f} ms   cpu {statistics.mean(cpu):6.1f} ms"
    sys.stdout.write(f"{what:34} {middle}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--queued", type=int, default=1000)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, database(Path(folder), on_postgres=options.postgres) as url:
        db = Database(url)
        upgrade(db)
        measure(db, Settings(home=Path(folder)), options.runs, options.queued)
        db.close()


def measure(db: Database, settings: Settings, runs: int, queued: int) -> None:
    snapshot = take_snapshot(db)
    leader = Leadership(db, CLOCK, "bench")
    leader.take_over()
    context = attempts.ClaimContext(url="http://127.0.0.1:1", catalogue=CATALOGUE, settings=settings)
    executor = NoOp(db, context)
    reconciler = RunsReconciler(
        db=db,
        leader=leader,
        executor=executor,
        blobs=BlobStore(str(settings.blobs), max_bytes=1000),
        tracking=NoTracking(),
        catalogue=CATALOGUE,
        settings=settings,
        clock=CLOCK,
        url="http://127.0.0.1:1",
    )

    def whole_run() -> None:
        create(db, snapshot)
        while reconciler.step():
            pass

    whole_run()
    say("one run, from request to closed", [timed(whole_run) for _ in range(runs)])
    executor.held = True
    for _ in range(queued):
        create(db, snapshot)
    say(f"first step with {queued} queued", [timed(reconciler.step)])
    reconciler.step()
    say(f"step with {queued} queued", [timed(reconciler.step) for _ in range(50)])


if __name__ == "__main__":
    main()
