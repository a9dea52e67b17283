"""What a worker tells of its attempt's utilisation, and what is answered of the run."""

from collections.abc import Callable
from typing import Any

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.scopes import Actor
from gristmill.profiles.model import Catalogue
from gristmill.runs import attempts, service, utilisation
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.model import Attempt, ClaimRequest, FaultKind, Run, RunFault, WorkerEvent, WorkerEventKind
from gristmill.utilisation import store
from gristmill.utilisation.model import Sizing
from gristmill.worker.faults import death_fault
from tests.unit.conftest import TestClock

GB = 2**30
POINT = {"at": 1.0, "seconds": 90.0, "cpu": 0.5, "cpu_peak": 1.0, "memory": GB // 2, "memory_peak": GB}
Tell = Callable[..., None]


@pytest.fixture
def run(create: Callable[..., Run]) -> Run:
    return create(profile="large")


@pytest.fixture
def tell(
    db: Database, clock: TestClock, context: ClaimContext, begin: Callable[[Run], tuple[Attempt, Actor]], run: Run
) -> Tell:
    """Sends an event of the run's claimed attempt."""
    attempt, worker = begin(run)
    with db.write() as tx:
        attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="n"), context, clock)
    numbers = iter(range(1, 100))

    def send(kind: WorkerEventKind, **data: Any) -> None:
        event = WorkerEvent(n=next(numbers), kind=kind, time=clock.now(), data=data)
        with db.write() as tx:
            attempts.receive(tx, worker, attempt.id, (event,), clock)

    send(WorkerEventKind.ATTEMPT_STARTED)
    return send


def test_a_run_that_is_over_is_told_which_profile_would_do(
    db: Database, person: Actor, catalogue: Catalogue, run: Run, tell: Tell
) -> None:
    tell(WorkerEventKind.UTILISATION, points=[POINT])
    with db.read() as tx:
        assert utilisation.of_run(tx, person, run.id, catalogue).advice is None
    tell(WorkerEventKind.ATTEMPT_FINISHED, state="succeeded", seconds=90)
    with db.read() as tx:
        found = utilisation.of_run(tx, person, run.id, catalogue)
    assert found.advice is not None
    assert (found.advice.sizing, found.advice.profile) == (Sizing.SMALLER, "small")
    assert found.points[0].memory_peak == GB


def test_memory_that_ran_out_is_known_by_what_the_worker_says(
    db: Database, person: Actor, catalogue: Catalogue, run: Run, tell: Tell
) -> None:
    fault = death_fault(status=-9, cell=0, source="x", out_of_memory=True)
    assert utilisation.ran_out_of_memory(fault)
    assert not utilisation.ran_out_of_memory(death_fault(status=-9, cell=0, source="x"))
    assert not utilisation.ran_out_of_memory(RunFault(kind=FaultKind.CELL_ERROR, message="memory ran out"))
    tell(WorkerEventKind.UTILISATION, points=[POINT])
    tell(
        WorkerEventKind.ATTEMPT_FINISHED,
        state="failed",
        seconds=1,
        fault={"kind": fault.kind, "message": fault.message},
    )
    with db.read() as tx:
        advice = utilisation.of_run(tx, person, run.id, catalogue).advice
    assert advice is not None
    assert advice.sizing is Sizing.LARGER


def test_points_that_say_nothing_are_refused(tell: Tell) -> None:
    with pytest.raises(InvalidInputError, match="malformed"):
        tell(WorkerEventKind.UTILISATION, points=[{**POINT, "cpu": -1}])


def test_a_deleted_run_takes_its_points_along(
    db: Database, person: Actor, clock: TestClock, run: Run, tell: Tell
) -> None:
    tell(WorkerEventKind.UTILISATION, points=[POINT])
    tell(WorkerEventKind.ATTEMPT_FINISHED, state="succeeded", seconds=90)
    with db.write() as tx:
        attempt = service.find(tx, person, run.id).attempt
        assert attempt is not None
        service.close_attempt(tx, attempt, clock)
        service.delete(tx, person, run.id, clock)
        assert store.load(tx, attempt.id) == ()
