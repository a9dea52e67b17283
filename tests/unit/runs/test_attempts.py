"""The claim, and what a worker's events do."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from gristmill.core.blobs import grant, remember
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, ForbiddenError, InvalidInputError, UnauthenticatedError
from gristmill.core.events import read_after
from gristmill.core.scopes import Actor
from gristmill.core.tokens import authenticate
from gristmill.runs import attempts, service, store
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.model import (
    WORKER_PROTOCOL,
    Attempt,
    AttemptOrder,
    ClaimRequest,
    FaultKind,
    Metric,
    Run,
    RunState,
    WorkerEvent,
    WorkerEventKind,
)
from tests.unit.conftest import TestClock

Create = Callable[..., Run]
Begin = Callable[[Run], tuple[Attempt, Actor]]


class Story:
    """Sends a worker's events with the numbers that are due."""

    def __init__(self, db: Database, clock: TestClock, attempt: Attempt, worker: Actor) -> None:
        self.db, self.clock, self.attempt, self.worker = db, clock, attempt, worker
        self.n = 0
        with db.write() as tx:
            for digit in "23":
                digest = "sha256:" + digit * 64
                remember(tx, project_id=attempt.project_id, digest=digest, size=1, now=clock.now())
                grant(tx, project_id=attempt.project_id, subject=attempt.id, digests=[digest])

    def event(self, kind: str, **data: Any) -> WorkerEvent:
        self.n += 1
        return WorkerEvent(n=self.n, kind=WorkerEventKind(kind), time=self.clock.now(), data=data)

    def send(self, *events: WorkerEvent) -> int:
        with self.db.write() as tx:
            return attempts.receive(tx, self.worker, self.attempt.id, events, self.clock).last

    def tell(self, kind: str, **data: Any) -> int:
        return self.send(self.event(kind, **data))

    @property
    def run(self) -> Run:
        with self.db.read() as tx:
            return store.get_run(tx, self.attempt.run_id)


@pytest.fixture
def order(db: Database, clock: TestClock, context: ClaimContext) -> Callable[..., AttemptOrder]:
    def claim(worker: Actor, attempt: Attempt, nonce: str = "one") -> AttemptOrder:
        with db.write() as tx:
            return attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce=nonce), context, clock)

    return claim


@pytest.fixture
def story(create: Create, begin: Begin, order: Callable[..., AttemptOrder], db: Database, clock: TestClock) -> Story:
    attempt, worker = begin(create(parameters={"depth": 6}))
    order(worker, attempt)
    return Story(db, clock, attempt, worker)


def test_the_order_holds_what_the_worker_needs(
    create: Create, begin: Begin, order: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    attempt, worker = begin(create(parameters={"depth": 6}))
    found = order(worker, attempt)
    assert found.parameters == {"depth": 6}
    assert (found.notebook, found.kernel, found.cpu) == ("work/train.ipynb", "python3", 1)
    assert found.tracking_uri.endswith("/mlflow")
    with db.read() as tx:
        kernel = authenticate(tx, found.kernel_token, clock.now())
    assert kernel.subject == attempt.id
    assert kernel.scopes < worker.scopes


def test_of_many_claimers_one_wins(create: Create, begin: Begin, order: Callable[..., AttemptOrder]) -> None:
    attempt, worker = begin(create())
    won: list[str] = []
    lost: list[str] = []

    def claim(nonce: str) -> None:
        try:
            order(worker, attempt, nonce)
        except ConflictError:
            lost.append(nonce)
        else:
            won.append(nonce)

    claimers = [threading.Thread(target=claim, args=(f"n{n}",)) for n in range(8)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    assert (len(won), len(lost)) == (1, 7)
    order(worker, attempt, won[0])  # asking again is answered the same


def test_an_attempt_that_is_over_cannot_be_claimed(
    create: Create, begin: Begin, order: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    attempt, worker = begin(create())
    with db.write() as tx:
        service.end_attempt(tx, store.get_run(tx, attempt.run_id), attempt, RunState.CANCELLED, clock)
    with pytest.raises(ConflictError):
        order(worker, attempt)


def test_another_attempts_token_claims_nothing(
    create: Create, begin: Begin, order: Callable[..., AttemptOrder]
) -> None:
    attempt, _ = begin(create())
    _, stranger = begin(create())
    with pytest.raises(ForbiddenError):
        order(stranger, attempt)


def test_a_protocol_that_is_not_spoken_is_refused(
    create: Create, begin: Begin, db: Database, clock: TestClock, context: ClaimContext
) -> None:
    attempt, worker = begin(create())
    with db.write() as tx, pytest.raises(InvalidInputError, match="protocol 99"):
        attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="x", protocol=99), context, clock)


def test_a_worker_of_the_version_before_is_answered_in_its_own_protocol(
    create: Create, begin: Begin, db: Database, clock: TestClock, context: ClaimContext
) -> None:
    """It was started by the control plane that this one has replaced, and would refuse an order in another one."""
    attempt, worker = begin(create())
    asked = ClaimRequest(nonce="x", protocol=WORKER_PROTOCOL - 1)
    with db.write() as tx:
        assert attempts.claim(tx, worker, attempt.id, asked, context, clock).protocol == asked.protocol


def test_a_whole_story_leaves_its_marks(story: Story, db: Database) -> None:
    story.tell("attempt.started", provenance={"python": "3.11"})
    assert story.run.state is RunState.RUNNING
    story.tell("cell.started", cell=0, number=1, of=3)
    story.tell("log", cell=0, stream="stdout", digest="sha256:" + "1" * 64, size=3, tail="epoch 1")
    story.tell("progress", fraction=0.5, message="half")
    story.tell("metric", metrics={"auc": {"value": 0.9, "spread": 0.01, "count": 5}})
    story.tell("metric", metrics={"auc": {"value": 0.92, "spread": 0.01, "count": 25}})
    story.tell("output", name="a.csv", digest="sha256:" + "2" * 64, size=5, declared=True)
    story.tell("models", models=[{"id": "m-1", "name": "churn"}])
    running = story.run.attempt
    assert running is not None
    assert (running.progress.cell, running.progress.cells) == (1, 3)
    assert (running.progress.tail, running.progress.fraction, running.progress.message) == ("epoch 1", 0.5, "half")
    story.tell("attempt.finished", state="succeeded", executed_notebook="sha256:" + "3" * 64)
    run = story.run
    assert run.state is RunState.SUCCEEDED
    assert run.metrics == {"auc": Metric(value=0.92, spread=0.01, count=25)}
    assert [model.name for model in run.models] == ["churn"]
    assert run.attempt is not None
    assert run.attempt.executed_notebook == "sha256:" + "3" * 64
    with db.read() as tx:
        assert store.load_attempts(tx)[0].provenance == {"python": "3.11"}
        kinds = [event.kind for event in read_after(tx, project_id="default", after=0, subject=run.id).events]
    assert kinds[-2:] == ["attempt.finished", "run.succeeded"]


def test_metrics_keep_the_order_in_which_they_were_first_reported(story: Story) -> None:
    story.tell("metric", metrics={"roc_auc": {"value": 0.9}, "accuracy": {"value": 0.8}})
    story.tell("metric", metrics={"brier": {"value": 0.1}, "roc_auc": {"value": 0.92}})
    story.tell("metric", metrics={"a": {"value": 1.0}})
    assert list(story.run.metrics) == ["roc_auc", "accuracy", "brier", "a"]
    assert story.run.metrics["roc_auc"].value == 0.92


def test_events_sent_twice_are_taken_once(story: Story, db: Database) -> None:
    first, second = story.event("attempt.started"), story.event("cell.started", cell=0, number=1, of=1)
    assert story.send(first) == 1
    assert story.send(first, second) == 2
    assert story.send(first, second) == 2
    with db.read() as tx:
        events = read_after(tx, project_id="default", after=0, subject=story.attempt.run_id).events
    assert [event.n for event in events if event.n is not None] == [1, 2]


def test_a_gap_is_refused_and_nothing_of_the_batch_is_kept(story: Story) -> None:
    first = story.event("attempt.started")
    story.event("progress")
    third = story.event("progress")
    with pytest.raises(ConflictError, match="event 3"):
        story.send(first, third)
    assert story.send(first) == 1


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("metric", {"metrics": {"auc": "high"}}),
        ("metric", {}),
        ("cell.started", {"cell": 0}),
        ("output", {"name": "x"}),
        ("output", {"name": "x", "digest": "no digest", "size": 1}),
        ("attempt.finished", {"state": "succeeded", "executed_notebook": 7}),
        ("attempt.finished", {"state": "running"}),
        ("attempt.finished", {"state": "won"}),
        ("models", {"models": [{"id": 1}]}),
    ],
)
def test_a_malformed_event_is_the_workers_fault(story: Story, kind: str, data: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        story.tell(kind, **data)


def test_a_blob_that_the_project_does_not_hold_cannot_be_named(story: Story) -> None:
    """Else a worker could have another project's blob served by naming its digest."""
    foreign = "sha256:" + "9" * 64
    with pytest.raises(ConflictError, match="was not sent"):
        story.tell("output", name="x", digest=foreign, size=1)
    story.n -= 1
    with pytest.raises(ConflictError, match="was not sent"):
        story.tell("attempt.finished", state="succeeded", executed_notebook=foreign)


def test_what_a_worker_says_after_its_end_changes_nothing(story: Story) -> None:
    story.tell("attempt.started")
    story.tell("attempt.finished", state="failed", fault={"kind": "cell_error", "message": "boom", "cell": 2})
    story.tell("metric", metrics={"auc": {"value": 1.0}})
    run = story.run
    assert run.metrics == {}
    assert run.fault is not None
    assert (run.fault.message, run.fault.cell) == ("boom", 2)


def test_a_cancelled_run_tells_its_worker(story: Story, db: Database, person: Actor, clock: TestClock) -> None:
    story.tell("attempt.started")
    with db.write() as tx:
        service.cancel(tx, person, story.attempt.run_id, clock)
        answer = attempts.receive(tx, story.worker, story.attempt.id, (), clock)
    assert answer.cancel
    story.tell("attempt.finished", state="cancelled")
    assert story.run.state is RunState.CANCELLED


def test_an_attempt_that_was_cancelled_by_nobody_has_failed(story: Story) -> None:
    """A worker obeys any SIGTERM: of a control plane that saw its claim too late, or of a machine that goes down."""
    story.tell("attempt.started")
    story.tell("attempt.finished", state="cancelled")
    run = story.run
    assert run.state is RunState.FAILED
    assert run.fault is not None
    assert run.fault.kind is FaultKind.WORKER_LOST
    assert "nobody had cancelled" in run.fault.message


def test_one_that_was_cancelled_by_nobody_is_tried_again(
    create: Create, begin: Begin, order: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    attempt, worker = begin(create(retries=1))
    order(worker, attempt)
    story = Story(db, clock, attempt, worker)
    story.tell("attempt.finished", state="cancelled")
    assert story.run.state is RunState.QUEUED


def test_one_that_was_stopped_behind_its_time_says_so(
    create: Create, begin: Begin, order: Callable[..., AttemptOrder], db: Database, clock: TestClock
) -> None:
    attempt, worker = begin(create(timeout_s=60))
    order(worker, attempt)
    story = Story(db, clock, attempt, worker)
    story.tell("attempt.started")
    clock.advance(61)
    story.tell("attempt.finished", state="cancelled")
    assert story.run.fault is not None
    assert story.run.fault.kind is FaultKind.TIMEOUT


def test_an_attempts_tokens_die_with_it(
    story: Story, db: Database, clock: TestClock, order: Callable[..., Any]
) -> None:
    token = order(story.worker, story.attempt).kernel_token
    story.tell("attempt.finished", state="succeeded")
    with db.write() as tx:
        service.close_attempt(tx, story.attempt, clock)
        with pytest.raises(UnauthenticatedError):
            authenticate(tx, token, clock.now())
