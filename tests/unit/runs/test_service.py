from collections.abc import Callable

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import (
    ConflictError,
    ForbiddenError,
    GristmillError,
    InvalidInputError,
    NotFoundError,
    QueueFullError,
)
from gristmill.core.events import read_after
from gristmill.core.scopes import Actor, ActorKind, Scope
from gristmill.runs import service, store
from gristmill.runs.model import Attempt, FaultKind, Run, RunFault, RunState
from gristmill.runs.search import RunFilter
from tests.unit.conftest import TestClock

Create = Callable[..., Run]
Begin = Callable[[Run], tuple[Attempt, Actor]]


def test_a_new_run_is_queued_with_defaults_and_given_values(create: Create) -> None:
    run = create(parameters={"depth": 6})
    assert run.state is RunState.QUEUED
    assert run.parameters == {"depth": 6, "rate": 0.1}
    assert run.given == ("depth",)
    assert (run.number, run.name, run.profile, run.kernel) == (1, "train-1", "small", "python3")
    assert create().number == 2


def test_every_parameter_fault_is_told_at_once_and_nothing_is_stored(
    create: Create, db: Database, person: Actor
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        create(parameters={"depht": 3, "depth": 99, "rate": "fast"})
    assert len(caught.value.faults) == 3
    assert "depth" in str(caught.value.faults)
    with db.read() as tx:
        assert service.list_runs(tx, person, RunFilter()) == []


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"profile": "smal"}, NotFoundError, "smal"),
        ({"profile": "huge"}, InvalidInputError, "more than this machine"),
        ({"retries": -1}, InvalidInputError, "retries"),
        ({"timeout_s": 0.0}, InvalidInputError, "timeout_s"),
        ({"timeout_s": float("nan")}, InvalidInputError, "timeout_s"),
        ({"priority": 10_000}, InvalidInputError, "priority"),
        ({"name": "7"}, InvalidInputError, "number"),
        ({"name": "a/b"}, InvalidInputError, "'/'"),
        ({"name": "a\nb"}, InvalidInputError, "printable"),
        ({"labels": {"x" * 64: "y"}}, InvalidInputError, "labels"),
    ],
)
def test_a_request_that_does_not_hold_is_refused(
    create: Create, fields: dict[str, object], error: type[GristmillError], message: str
) -> None:
    with pytest.raises(error, match=message):
        create(**fields)


def test_a_full_queue_refuses_and_says_what_to_do(create: Create) -> None:
    create()
    with pytest.raises(QueueFullError) as caught:
        create(max_queued=1)
    assert "GRISTMILL_MAX_QUEUED" in (caught.value.hint or "")


def test_who_lacks_the_scope_creates_nothing(create: Create, db: Database, clock: TestClock) -> None:
    reader = Actor(id="a", project_id="default", kind=ActorKind.PERSON, name="r", scopes=frozenset({Scope.READ}))
    run = create()
    with db.write() as tx, pytest.raises(ForbiddenError):
        service.cancel(tx, reader, run.id, clock)


def test_a_run_is_found_by_id_number_and_name_within_its_project(create: Create, db: Database, person: Actor) -> None:
    run = create(name="best")
    stranger = Actor(id="b", project_id="other", kind=ActorKind.PERSON, name="s", scopes=person.scopes)
    with db.read() as tx:
        assert {service.find(tx, person, key).id for key in (run.id, "1", "best")} == {run.id}
        for key in (run.id, "1", "best"):
            with pytest.raises(NotFoundError):
                service.find(tx, stranger, key)


def test_a_name_never_takes_over_another_runs_id(create: Create, db: Database, person: Actor) -> None:
    run = create()
    create(name=run.id)
    with db.read() as tx:
        assert service.find(tx, person, run.id).number == run.number


def test_runs_are_listed_newest_first_and_filtered(create: Create, db: Database, person: Actor) -> None:
    for number in range(5):
        create(name=f"run-{number}%", labels={"team": "blue" if number % 2 else "red"})

    def numbers(**wanted: object) -> list[int]:
        with db.read() as tx:
            return [run.number for run in service.list_runs(tx, person, RunFilter(**wanted))]  # type: ignore[arg-type]

    assert numbers() == [5, 4, 3, 2, 1]
    assert numbers(limit=2) == [5, 4]
    assert numbers(before=3) == [2, 1]
    assert numbers(label="team=blue") == [4, 2]
    assert numbers(text="RUN-3") == [4]
    assert numbers(text="%") == [5, 4, 3, 2, 1]
    assert numbers(text="_") == []
    assert numbers(state=RunState.FAILED) == []


def test_a_queued_run_is_cancelled_at_once_and_only_once(
    create: Create, db: Database, person: Actor, clock: TestClock
) -> None:
    run = create()
    with db.write() as tx:
        assert service.cancel(tx, person, run.id, clock).state is RunState.CANCELLED
        with pytest.raises(ConflictError, match="cancelled"):
            service.cancel(tx, person, run.id, clock)
        page = read_after(tx, project_id="default", after=0, subject=run.id)
    assert [event.kind for event in page.events] == ["run.queued", "run.cancelled"]


def test_a_failed_attempt_queues_the_run_again_while_retries_are_left(
    create: Create, begin: Begin, db: Database, clock: TestClock
) -> None:
    run = create(retries=1)
    fault = RunFault(kind=FaultKind.CELL_ERROR, message="boom")
    for expected in (RunState.QUEUED, RunState.FAILED):
        attempt, _ = begin(run)
        with db.write() as tx:
            service.end_attempt(tx, store.get_run(tx, run.id), attempt, RunState.FAILED, clock, fault)
            now = store.get_run(tx, run.id)
        assert (now.state, now.fault) == (expected, fault)
    assert now.ended_at is not None


def test_a_run_that_lives_is_not_deleted(
    create: Create, begin: Begin, db: Database, person: Actor, clock: TestClock
) -> None:
    run = create()
    attempt, _ = begin(run)
    with db.write() as tx:
        with pytest.raises(ConflictError) as refused:
            service.delete(tx, person, run.id, clock)
        assert f"gristmill runs cancel {run.number}" in (refused.value.hint or "")
        service.end_attempt(tx, store.get_run(tx, run.id), attempt, RunState.SUCCEEDED, clock)
        with pytest.raises(ConflictError, match="something of it still lives") as refused:
            service.delete(tx, person, run.id, clock)
        assert refused.value.hint == "Try again in a moment."
        service.close_attempt(tx, attempt, clock)
        service.delete(tx, person, run.id, clock)
        with pytest.raises(NotFoundError):
            service.find(tx, person, run.id)


def test_the_same_run_can_be_asked_for_again(create: Create) -> None:
    run = create(parameters={"depth": 6}, labels={"a": "b"}, retries=2)
    request = service.again(run)
    assert (request.parameters, request.labels, request.retries) == ({"depth": 6}, {"a": "b"}, 2)
