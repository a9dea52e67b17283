"""Sessions of interactive kernels."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

import pytest

from gristmill.core import tokens
from gristmill.core.database import Database
from gristmill.core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from gristmill.core.lease import Leadership
from gristmill.core.scopes import KERNEL_SCOPES, Actor, ActorKind
from gristmill.interactive import service, store
from gristmill.interactive.model import InteractiveRequest, InteractiveSession, StartedSession
from gristmill.interactive.reconcile import AT_ONCE, PAUSE, InteractiveReconciler
from gristmill.interactive.service import NOTED_EVERY, InteractiveSessions, Seen
from gristmill.tracking.model import INTERACTIVE_TAG, TrackedRun, TrackedStatus
from tests.unit.conftest import TestClock

HOUR = 3600.0


@dataclass
class Mlflow:
    """Experiments by name and runs in memory. `away`: it does not answer."""

    clock: TestClock
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, TrackedRun] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)  # of which sessions' open runs

    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, name: str) -> str:
        self._answer()
        return self.experiments.setdefault(name, str(len(self.experiments) + 1))

    def tagged_runs(self, experiments: tuple[str, ...], tag: str, *, limit: int) -> tuple[TrackedRun, ...]:
        self._answer()
        found = [run for run in self.runs.values() if run.experiment_id in experiments and tag in run.tags]
        return tuple(found[:limit])

    def open_runs(self, experiment: str, tag: str, value: str) -> tuple[TrackedRun, ...]:
        self.asked.append(value)
        self._answer()
        return tuple(
            run
            for run in self.runs.values()
            if run.experiment_id == experiment and run.tags.get(tag) == value and run.status is TrackedStatus.RUNNING
        )

    def end_run(self, run_id: str, status: TrackedStatus) -> None:
        self.runs[run_id] = self.run(run_id, self.runs[run_id], status)

    def make(self, run_id: str, session: InteractiveSession, status: TrackedStatus = TrackedStatus.RUNNING) -> None:
        self.runs[run_id] = TrackedRun(
            id=run_id,
            experiment_id=session.experiment_id,
            name=run_id,
            status=status,
            started_at=self.clock.now(),
            ended_at=None,
            artifact_path="",
            metrics={"auc": 0.9},
            tags={INTERACTIVE_TAG: session.id},
        )

    @staticmethod
    def run(run_id: str, run: TrackedRun, status: TrackedStatus) -> TrackedRun:
        from dataclasses import replace

        return replace(run, id=run_id, status=status)

    def _answer(self) -> None:
        if self.away:
            raise UnavailableError("MLflow is away")


@pytest.fixture
def mlflow(clock: TestClock) -> Mlflow:
    return Mlflow(clock)


@pytest.fixture
def sessions(db: Database, mlflow: Mlflow, clock: TestClock) -> InteractiveSessions:
    return InteractiveSessions(db=db, tracking=mlflow, clock=clock, url="http://127.0.0.1:1")


@pytest.fixture
def started(sessions: InteractiveSessions, person: Actor) -> StartedSession:
    return sessions.start(person, InteractiveRequest(notebook="work/train.ipynb"))


@pytest.fixture
def reconciler(db: Database, mlflow: Mlflow, clock: TestClock) -> InteractiveReconciler:
    leader = Leadership(db, clock, "server_1")
    leader.take_over()
    return InteractiveReconciler(db, leader, mlflow, clock, idle=HOUR)


def step(reconciler: InteractiveReconciler, clock: TestClock, seconds: float = PAUSE) -> None:
    clock.advance(seconds)
    reconciler.leader.renew()
    reconciler.step()


def authenticated(db: Database, started: StartedSession, clock: TestClock) -> Actor:
    with db.read() as tx:
        return tokens.authenticate(tx, started.token, clock.now())


def test_a_session_is_of_the_notebooks_experiment_and_its_token_a_kernels(
    db: Database, clock: TestClock, started: StartedSession
) -> None:
    assert started.session.experiment == "default/work/train.ipynb"
    assert started.tracking_uri == "http://127.0.0.1:1/mlflow"
    assert started.environment()["MLFLOW_EXPERIMENT_ID"] == started.session.experiment_id == "1"
    assert started.token not in repr(started)
    actor = authenticated(db, started, clock)
    assert (actor.kind, actor.scopes, actor.subject) == (ActorKind.KERNEL, KERNEL_SCOPES, started.session.id)
    with db.read() as tx:
        assert service.tracked(tx, started.session.id) == (None, "1")
        assert service.tracked(tx, "attempt_1") is None


@pytest.mark.parametrize("path", ["", "/a.ipynb", "../a.ipynb", "a//b.ipynb", "a/./b", "a\n.ipynb", "a" * 501])
def test_a_path_that_no_notebook_has_is_refused(sessions: InteractiveSessions, person: Actor, path: str) -> None:
    with pytest.raises(InvalidInputError, match="notebook"):
        sessions.start(person, InteractiveRequest(notebook=path))


def test_without_mlflow_no_session_begins(sessions: InteractiveSessions, mlflow: Mlflow, person: Actor) -> None:
    mlflow.away = True
    with pytest.raises(UnavailableError):
        sessions.start(person, InteractiveRequest(notebook="a.ipynb"))
    assert sessions.list_sessions(person, 10) == ()


def test_with_the_kernel_ends_its_token_and_what_it_left_open(
    db: Database,
    clock: TestClock,
    sessions: InteractiveSessions,
    mlflow: Mlflow,
    person: Actor,
    started: StartedSession,
    reconciler: InteractiveReconciler,
) -> None:
    other = sessions.start(person, InteractiveRequest(notebook="work/train.ipynb")).session
    mlflow.make("open", started.session)
    mlflow.make("done", started.session, TrackedStatus.FINISHED)
    mlflow.make("others", other)
    ended = sessions.end(person, started.session.id)
    assert ended.ended_at == clock.now()
    with pytest.raises(UnauthenticatedError):
        authenticated(db, started, clock)
    clock.advance(10)
    assert sessions.end(person, started.session.id) == ended, "asked again, nothing changes"
    mlflow.away = True
    step(reconciler, clock)
    mlflow.away = False
    step(reconciler, clock)
    statuses = {run.id: run.status for run in mlflow.runs.values()}
    assert statuses == {
        "open": TrackedStatus.KILLED,
        "done": TrackedStatus.FINISHED,
        "others": TrackedStatus.RUNNING,
    }


def test_a_session_that_is_silent_for_long_ends_and_one_that_is_used_does_not(
    db: Database,
    clock: TestClock,
    sessions: InteractiveSessions,
    person: Actor,
    started: StartedSession,
    reconciler: InteractiveReconciler,
) -> None:
    silent = sessions.start(person, InteractiveRequest(notebook="silent.ipynb"))
    kept = sessions.start(person, InteractiveRequest(notebook="kept.ipynb"))
    seen = Seen(db, clock)
    for _ in range(3):
        step(reconciler, clock, HOUR / 2)
        seen(started.session.id)
        sessions.keep(person, kept.session.id)
    step(reconciler, clock)
    authenticated(db, started, clock)
    authenticated(db, kept, clock)
    with pytest.raises(UnauthenticatedError):
        authenticated(db, silent, clock)
    with pytest.raises(ConflictError, match="has ended"):
        sessions.keep(person, silent.session.id)


def test_few_are_closed_at_once_and_none_is_asked_of_an_mlflow_that_does_not_answer(
    clock: TestClock,
    sessions: InteractiveSessions,
    mlflow: Mlflow,
    person: Actor,
    reconciler: InteractiveReconciler,
) -> None:
    """One that MLflow does not answer for keeps the others from nothing."""
    made = [sessions.start(person, InteractiveRequest(notebook="a.ipynb")).session.id for _ in range(2 * AT_ONCE)]
    for key in made:
        sessions.end(person, key)
        clock.advance(1)
    mlflow.away = True
    step(reconciler, clock)
    assert mlflow.asked == made[:1]
    mlflow.away = False
    for _ in range(3):
        step(reconciler, clock)
    assert mlflow.asked[1:] == [*made[1:], made[0]]


def test_who_is_heard_of_just_before_the_end_goes_on(
    db: Database,
    clock: TestClock,
    sessions: InteractiveSessions,
    person: Actor,
    started: StartedSession,
    reconciler: InteractiveReconciler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = reconciler._silent

    def silent_and_then_heard() -> tuple[InteractiveSession, ...]:
        found = silent()
        sessions.keep(person, started.session.id)
        assert [session.id for session in found] == [started.session.id]
        return found

    monkeypatch.setattr(reconciler, "_silent", silent_and_then_heard)
    step(reconciler, clock, HOUR + 1)
    authenticated(db, started, clock)


def test_use_is_written_down_every_few_minutes_only(db: Database, clock: TestClock, started: StartedSession) -> None:
    seen, at = Seen(db, clock), clock.now()
    seen(started.session.id)
    clock.advance(NOTED_EVERY.total_seconds() - 1)
    seen(started.session.id)
    with db.read() as tx:
        (session,) = store.load(tx, limit=10)
    assert session.seen_at == at
    clock.advance(1)
    seen(started.session.id)
    seen("attempt_1")
    with db.read() as tx:
        (session,) = store.load(tx, limit=10)
    assert session.seen_at == at + timedelta(seconds=NOTED_EVERY.total_seconds())


def test_a_session_of_another_mlflow_server_ends_and_nothing_is_asked_of_this_one(
    clock: TestClock,
    sessions: InteractiveSessions,
    mlflow: Mlflow,
    person: Actor,
    started: StartedSession,
    reconciler: InteractiveReconciler,
) -> None:
    mlflow.make("open", started.session)
    reconciler.server = "https://mlflow.example.org"
    step(reconciler, clock)
    (session,) = sessions.list_sessions(person, 10)
    assert session.ended_at is not None
    assert mlflow.runs["open"].status is TrackedStatus.RUNNING


def test_runs_made_by_hand_are_listed_with_their_notebook(
    sessions: InteractiveSessions, mlflow: Mlflow, person: Actor, started: StartedSession
) -> None:
    assert sessions.list_runs(person, 10) == ()
    mlflow.make("by-hand", started.session)
    (run,) = sessions.list_runs(person, 10)
    assert (run.id, run.session, run.notebook) == ("by-hand", started.session.id, "work/train.ipynb")
    assert (run.created_by, run.metrics, run.status) == ("ada", {"auc": 0.9}, TrackedStatus.RUNNING)


def test_a_session_of_another_project_is_not_there(sessions: InteractiveSessions, person: Actor) -> None:
    with pytest.raises(NotFoundError):
        sessions.end(person, "session_00000000000000000000000000")
