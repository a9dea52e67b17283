"""What a run may expect of each profile."""

from collections.abc import Callable

import pytest

from gristmill.core.database import Database
from gristmill.core.scopes import Actor
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, Resources
from gristmill.runs import forecast, store
from gristmill.runs.forecast import Busy, expected_wait
from gristmill.runs.model import Attempt, Run, RunForecast, RunState
from tests.unit.conftest import TestClock

CORE = Resources(cpu=1)
TWO = Resources(cpu=2)

Forecast = Callable[[], dict[str, RunForecast]]


@pytest.fixture
def ask(db: Database, person: Actor, clock: TestClock, catalogue: Catalogue) -> Callable[..., dict[str, RunForecast]]:
    def forecasts(source: str | None = None) -> dict[str, RunForecast]:
        with db.read() as tx:
            found = forecast.of_notebook(
                tx, person, catalogue, notebook="work/train.ipynb", source=source, now=clock.now()
            )
        return {one.profile: one for one in found}

    return forecasts


@pytest.mark.parametrize(
    ("free", "held", "queue", "expected"),
    [
        (TWO, [], [], 0),
        (CORE, [Busy(resources=CORE, seconds=30)], [], 30),
        (CORE, [Busy(resources=CORE, seconds=None)], [], None),
        # Whoever is queued before it goes first, and what they take has to end too.
        (CORE, [Busy(resources=CORE, seconds=30)], [Busy(resources=TWO, seconds=10)], 40),
        (CORE, [Busy(resources=CORE, seconds=30)], [Busy(resources=TWO, seconds=None)], None),
    ],
)
def test_a_wait_ends_when_enough_of_what_is_held_has_ended(
    free: Resources, held: list[Busy], queue: list[Busy], expected: float | None
) -> None:
    assert expected_wait(TWO, free, held, queue) == expected


def reserve(db: Database, run: Run, attempt: Attempt, catalogue: Catalogue, clock: TestClock) -> None:
    profile = next(one for one in catalogue.profiles if one.name == run.profile)
    with db.write() as tx:
        ledger.reserve(
            tx,
            holder=attempt.id,
            project_id=run.project_id,
            subjects=[f"run:{run.name}"],
            profile=profile,
            catalogue=catalogue,
            now=clock.now(),
        )
        ledger.activate(tx, attempt.id, clock.now())
        store.update_attempt(tx, attempt.id, started_at=clock.now())
        store.update_run(tx, run.id, started_at=clock.now())


def succeed(db: Database, run: Run, attempt: Attempt, clock: TestClock) -> None:
    with db.write() as tx:
        store.update_run(tx, run.id, state=RunState.SUCCEEDED, ended_at=clock.now())
        store.update_attempt(tx, attempt.id, state=RunState.SUCCEEDED, ended_at=clock.now())
        ledger.release(tx, attempt.id, clock.now())


def test_the_last_run_that_succeeded_says_how_long_and_how_dear(
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
    ask: Callable[..., dict[str, RunForecast]],
    db: Database,
    catalogue: Catalogue,
    clock: TestClock,
) -> None:
    assert ask()["small"] == RunForecast(profile="small", wait_s=0)
    run = create(profile="small")
    attempt, _ = begin(run)
    reserve(db, run, attempt, catalogue, clock)
    clock.advance(18)
    succeed(db, run, attempt, clock)
    found = ask()
    assert (found["small"].run, found["small"].seconds, found["small"].cost) == (run.name, 18, 0)
    assert found["large"].run is None
    assert ask(source="/elsewhere/work/train.ipynb")["small"].run is None


def test_who_waits_is_told_how_long_by_the_last_runs_of_what_holds_the_machine(
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
    ask: Callable[..., dict[str, RunForecast]],
    db: Database,
    catalogue: Catalogue,
    clock: TestClock,
) -> None:
    first = create(profile="large")
    attempt, _ = begin(first)
    reserve(db, first, attempt, catalogue, clock)
    assert ask()["small"].wait_s is None  # no run of it has ended yet
    clock.advance(60)
    succeed(db, first, attempt, clock)
    second = create(profile="large")
    attempt, _ = begin(second)
    reserve(db, second, attempt, catalogue, clock)
    clock.advance(20)
    small = ask()["small"]
    assert small.wait_s == 40
    assert small.waiting is not None
    assert second.name in small.waiting
    assert "more than this machine has" in (ask()["huge"].waiting or "")
