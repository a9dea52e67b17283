"""Kernels that are kept, as rows: who keeps one, what it holds, and what ends it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError
from gristmill.core.scopes import Actor, Scope
from gristmill.core.settings import Settings
from gristmill.core.tokens import authenticate
from gristmill.ledger import service as ledger
from gristmill.ledger import store as reservations
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve
from gristmill.runs import attempts, kernels, service, store
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.executors.base import Presence
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.kernels import Kernels
from gristmill.runs.model import (
    LONGEST_POST_MORTEM_S,
    Attempt,
    AttemptOrder,
    ClaimRequest,
    KeptKernel,
    Run,
    RunState,
)
from gristmill.runs.reconcile import RunsReconciler
from tests.unit.conftest import TestClock
from tests.unit.runs.test_attempts import Story

FILE = "/attempts/a/runtime/k.json"
FAULT = {"kind": "cell_error", "message": "KeyError: 'x'", "cell": 0}
Create = Callable[..., Run]
Begin = Callable[[Run], tuple[Attempt, Actor]]


class Living(LocalExecutor):
    """Every worker lives until it is told to end, or killed where it `defies` that; what each was told."""

    defies = False

    def __init__(self, attempts: Path) -> None:
        super().__init__(attempts)
        self.told: list[str] = []
        self.gone: set[str] = set()

    def observe(self, attempt: str) -> Presence:
        return Presence.GONE if attempt in self.gone else Presence.ALIVE

    def cancel(self, attempt: str) -> None:
        self.told.append("cancel")
        if not self.defies:
            self.gone.add(attempt)

    def kill(self, attempt: str) -> None:
        self.told.append("kill")
        self.gone.add(attempt)


@pytest.fixture
def executor(tmp_path: Path) -> Living:
    return Living(tmp_path / "attempts")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, cancel_grace=15.0)


@pytest.fixture
def people(db: Database, clock: TestClock, executor: Living) -> Kernels:
    return Kernels(db=db, clock=clock, executor=executor)


@pytest.fixture
def claim(db: Database, clock: TestClock, context: ClaimContext, catalogue: Catalogue) -> Callable[..., AttemptOrder]:
    """Claims the attempt, which has its reservation then."""

    def claimed(run: Run, attempt: Attempt, worker: Actor) -> AttemptOrder:
        with db.write() as tx:
            ledger.reserve(
                tx,
                holder=attempt.id,
                project_id=run.project_id,
                subjects=[f"project:{run.project_id}", f"run:{run.name}"],
                profile=resolve(catalogue, run.profile, ProfileUse.RUN),
                catalogue=catalogue,
                now=clock.now(),
            )
            return attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="one"), context, clock)

    return claimed


@pytest.fixture
def fail(
    create: Create, begin: Begin, claim: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> Callable[..., Run]:
    """A run whose last attempt has failed, and whose worker says that it keeps the kernel."""

    def failed(**fields: object) -> Run:
        run = create(**{"post_mortem_s": 600.0, **fields})
        attempt, worker = begin(run)
        order = claim(run, attempt, worker)
        story = Story(db, clock, attempt, worker)
        story.tell("attempt.started")
        told = {"connection_file": FILE} if order.post_mortem_s else {}
        story.tell("attempt.finished", state="failed", fault=FAULT, **told)
        return story.run

    return failed


def kept_of(run: Run) -> KeptKernel | None:
    return run.attempt.kept_kernel if run.attempt is not None else None


@pytest.mark.parametrize("seconds", [0.0, -1.0, LONGEST_POST_MORTEM_S + 1, float("nan")])
def test_how_long_is_bounded(create: Create, seconds: float) -> None:
    with pytest.raises(InvalidInputError, match="post_mortem_s must be above 0 and at most 86400"):
        create(post_mortem_s=seconds)


def test_a_failed_run_is_failed_at_once_and_its_kernel_is_kept(
    fail: Callable[..., Run], people: Kernels, person: Actor, clock: TestClock
) -> None:
    run = fail()
    assert run.state is RunState.FAILED
    now = clock.now()
    assert kept_of(run) == KeptKernel(connection_file=FILE, since=now, until=now + timedelta(seconds=600))
    (shown,) = people.listed(person)
    assert (shown.run, shown.name, shown.profile, shown.resources.cpu) == (run.id, run.name, "small", 1)


def test_only_the_last_attempt_is_told_to_keep_its_kernel(
    create: Create, begin: Begin, claim: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    run = create(post_mortem_s=600.0, retries=1)
    attempt, worker = begin(run)
    assert claim(run, attempt, worker).post_mortem_s is None
    story = Story(db, clock, attempt, worker)
    story.tell("attempt.started")
    story.tell("attempt.finished", state="failed", fault=FAULT, connection_file=FILE)
    assert story.run.state is RunState.QUEUED
    assert kept_of(story.run) is None
    last, worker = begin(run)
    with db.write() as tx:
        ledger.release(tx, attempt.id, clock.now())
    assert claim(run, last, worker).post_mortem_s == 600.0


def test_a_worker_cannot_keep_what_nobody_asked_for(
    create: Create, begin: Begin, claim: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    run = create()
    attempt, worker = begin(run)
    claim(run, attempt, worker)
    story = Story(db, clock, attempt, worker)
    story.tell("attempt.started")
    story.tell("attempt.finished", state="failed", fault=FAULT, connection_file=FILE)
    assert kept_of(story.run) is None


def test_the_kernels_token_dies_with_the_run_and_the_workers_with_the_kernel(
    create: Create, begin: Begin, claim: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    run = create(post_mortem_s=600.0)
    attempt, worker = begin(run)
    token = claim(run, attempt, worker).kernel_token
    story = Story(db, clock, attempt, worker)
    story.tell("attempt.started")
    with db.read() as tx:
        authenticate(tx, token, clock.now())
    story.tell("attempt.finished", state="failed", fault=FAULT, connection_file=FILE)
    with db.read() as tx, pytest.raises(UnauthenticatedError):
        authenticate(tx, token, clock.now())
    assert story.tell("log") == 2, "the worker is still heard, and changes nothing"


def test_its_reservation_stays_and_says_what_holds_it(
    fail: Callable[..., Run], reconciler: RunsReconciler, db: Database, catalogue: Catalogue, clock: TestClock
) -> None:
    run = fail(profile="large")
    assert not reconciler.step(), "nothing is under way: the loop rests"
    with db.read() as tx:
        (large,) = [one for one in ledger.status(tx, catalogue) if one.profile.name == "large"]
        why = ledger.waits(tx, catalogue.profiles[0], catalogue)
    assert (large.in_use, large.kept, large.free_slots) == (1, 1, 0)
    assert why is not None
    assert f"kept kernel {run.name} holds the rest; `gristmill kernels end {run.name}` frees some" in why


def test_it_is_left_alone_until_it_is_told_to_end(
    fail: Callable[..., Run], reconciler: RunsReconciler, executor: Living, people: Kernels, person: Actor, db: Database
) -> None:
    run = fail()
    reconciler.step()
    assert executor.told == []
    assert people.end(person, str(run.number)).kept.ending
    assert reconciler.step()
    assert executor.told == ["cancel"]
    reconciler.step()
    with db.read() as tx:
        assert reservations.unreleased(tx) == []
        assert kept_of(store.get_run(tx, run.id)) is None
    assert people.listed(person) == []
    with pytest.raises(NotFoundError, match=f"no kernel of {run.name} is kept"):
        people.end(person, run.id)


def test_a_worker_that_defies_its_end_is_killed(
    fail: Callable[..., Run],
    reconciler: RunsReconciler,
    executor: Living,
    people: Kernels,
    person: Actor,
    clock: TestClock,
) -> None:
    run, executor.defies = fail(), True
    people.end(person, run.id)
    for _ in range(3):
        reconciler.step()
        clock.advance(10)
    assert executor.told == ["cancel", "kill"]


def test_a_worker_that_forgets_the_time_is_told_and_a_clock_put_forward_tells_nobody(
    fail: Callable[..., Run], reconciler: RunsReconciler, executor: Living, clock: TestClock
) -> None:
    fail()
    reconciler.step()
    seen = clock.monotonic()
    clock.advance(700)
    clock.monotonic = lambda: seen + 1.0  # type: ignore[method-assign]  # a day passes on the wall alone
    reconciler.step()
    assert executor.told == []
    clock.monotonic = lambda: seen + 700.0  # type: ignore[method-assign]  # and now in truth
    reconciler.step()
    assert executor.told == ["cancel"]


def test_a_run_that_is_deleted_goes_as_soon_as_its_kernel_has(
    fail: Callable[..., Run], reconciler: RunsReconciler, people: Kernels, person: Actor, db: Database
) -> None:
    run = fail()
    with db.write() as tx, pytest.raises(ConflictError):
        service.delete(tx, person, run.id, people.clock)
    deleted = kept_of(people.delete_run(person, run.id))
    assert deleted is not None
    assert deleted.deleting
    people.end(person, run.id)  # it was told already: the run goes all the same
    reconciler.step()
    reconciler.step()
    with db.read() as tx:
        assert store.find_run(tx, run.project_id, run.id) is None
        assert reservations.unreleased(tx) == []


def test_what_a_cancelled_run_keeps_is_ended(
    fail: Callable[..., Run], reconciler: RunsReconciler, executor: Living
) -> None:
    """It was cancelled after its cell had failed: nobody waits for a look at it."""
    run = fail()
    with reconciler.db.write() as tx:
        store.update_run(tx, run.id, cancel_requested=True)
    reconciler.step()
    assert executor.told == ["cancel"]


def test_all_end_with_everything(fail: Callable[..., Run], people: Kernels, person: Actor, db: Database) -> None:
    fail()
    with db.write() as tx:
        assert service.alive(tx, person) == []
        kernels.end_all(tx, person, people.clock)
    assert all(one.kept.ending for one in people.listed(person))


def test_who_may_only_read_ends_none(fail: Callable[..., Run], people: Kernels, person: Actor) -> None:
    run = fail()
    reader = replace(person, scopes=frozenset({Scope.READ}))
    for refused in (people.end, people.delete_run):
        with pytest.raises(ForbiddenError):
            refused(reader, run.id)
    assert len(people.listed(reader)) == 1


def test_a_run_made_again_keeps_its_kernel_too(fail: Callable[..., Run]) -> None:
    assert service.again(fail()).post_mortem_s == 600.0
