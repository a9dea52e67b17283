"""A run that has begun, while nothing is heard of where it is at work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.holdups import Holdup
from gristmill.core.scopes import Actor
from gristmill.runs import attempts
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.executors.base import Presence
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.model import Attempt, ClaimRequest, FaultKind, Run, RunState
from gristmill.runs.reconcile import RunsReconciler
from tests.unit.conftest import TestClock
from tests.unit.runs.test_attempts import Story

WHY = "its node node-1 does not answer"


class OnANode(LocalExecutor):
    """Its workers live, as far as is known."""

    silent = away = False

    def observe(self, attempt: str) -> Presence:
        del attempt
        if self.away:
            raise UnavailableError("Kubernetes does not answer")
        return Presence.ALIVE

    def holdup(self, attempt: str) -> Holdup | None:
        del attempt
        return Holdup(why=WHY) if self.silent else None


@pytest.fixture
def executor(tmp_path: Path) -> OnANode:
    return OnANode(tmp_path / "attempts")


@pytest.fixture
def running(
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
    db: Database,
    clock: TestClock,
    context: ClaimContext,
) -> Story:
    run = create()
    attempt, worker = begin(run)
    with db.write() as tx:
        attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="one"), context, clock)
    story = Story(db, clock, attempt, worker)
    story.tell("attempt.started")
    return story


@pytest.mark.parametrize("what", ["silent", "away"])
def test_it_is_told_that_nothing_is_heard_of_it_until_it_is_heard_of_again(
    reconciler: RunsReconciler, executor: OnANode, running: Story, what: str
) -> None:
    said = []
    for happens in (False, True, True, False):
        setattr(executor, what, happens)
        reconciler.step()
        found = running.run
        assert found.state is RunState.RUNNING
        assert found.attempt is not None
        said.append(found.attempt.waiting)
    why = {"silent": WHY, "away": "Kubernetes does not answer"}[what]
    assert said == [None, why, why, None]


def test_one_that_is_told_to_stop_from_outside_says_what_was_said_of_it(
    reconciler: RunsReconciler, executor: OnANode, running: Story
) -> None:
    executor.silent = True
    reconciler.step()
    running.tell("attempt.finished", state="cancelled")
    fault = running.run.fault
    assert fault is not None
    assert fault.kind is FaultKind.WORKER_LOST
    assert fault.message == f"the worker was told to stop, and nobody had cancelled the run; last was said of it: {WHY}"


def test_nothing_is_told_of_one_that_has_ended_meanwhile(reconciler: RunsReconciler, running: Story) -> None:
    seen = running.run.attempt
    assert seen is not None
    running.tell("attempt.finished", state="cancelled")
    reconciler.watch.tell(seen, WHY)
    ended = running.run.attempt
    assert ended is not None
    assert ended.waiting is None
