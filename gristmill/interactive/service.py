"""Sessions of interactive kernels: begun and ended by whoever starts the kernel; silent ones end by themselves."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, Self

from gristmill.core import audit, tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError
from gristmill.core.ids import new_id
from gristmill.core.scopes import KERNEL_SCOPES, Actor, ActorKind, Scope
from gristmill.interactive import store
from gristmill.interactive.model import InteractiveRequest, InteractiveRun, InteractiveSession, StartedSession
from gristmill.tracking.model import INTERACTIVE_TAG, TrackedRun, TrackedStatus, experiment_name

# Of how many sessions, the newest, runs are looked for.
SESSIONS_ASKED = 200
# A session's use is written down this often: a token's every request would be a write.
NOTED_EVERY = timedelta(minutes=5)
_LONGEST = 500
_LONGEST_SOURCE = 4096


class Tracking(Protocol):
    """What is needed of MLflow."""

    def of(self, project: str) -> Self: ...

    def ensure_experiment(self, name: str) -> str: ...

    def tagged_runs(self, experiments: tuple[str, ...], tag: str, *, limit: int) -> tuple[TrackedRun, ...]: ...

    def open_runs(self, experiment: str, tag: str, value: str) -> tuple[TrackedRun, ...]: ...

    def end_run(self, run_id: str, status: TrackedStatus) -> None: ...


@dataclass(frozen=True, kw_only=True)
class InteractiveSessions:
    """`url` is the control plane's own, as kernels reach it; `server` that of an MLflow server which is not our own."""

    db: Database
    tracking: Tracking
    clock: Clock
    url: str
    server: str | None = None

    def start(self, actor: Actor, request: InteractiveRequest) -> StartedSession:
        """A new session with its token.

        Raises:
            InvalidInputError: a path that no notebook of a project has.
            UnavailableError: MLflow is away.
        """
        actor.require(Scope.RUNS_WRITE)
        notebook = check_notebook(request.notebook)
        source = _check_source(request.source)
        name = experiment_name(actor.project_id, notebook)
        experiment = self.tracking.of(actor.project_id).ensure_experiment(name)
        now = self.clock.now()
        session = InteractiveSession(
            id=new_id("session", now),
            project_id=actor.project_id,
            notebook=notebook,
            experiment=name,
            experiment_id=experiment,
            created_by=actor.name,
            created_at=now,
            seen_at=now,
            tracking_server=self.server,
            source=source,
        )
        with self.db.write() as tx:
            store.insert(tx, session)
            token = tokens.issue(
                tx,
                project_id=actor.project_id,
                kind=ActorKind.KERNEL,
                name=f"interactive kernel of {notebook}"[:200],
                scopes=KERNEL_SCOPES,
                now=now,
                subject=session.id,
            )
            detail = {"notebook": notebook}
            audit.record(tx, actor, time=now, action="interactive.start", subject=session.id, detail=detail)
        return StartedSession(session=session, token=token, tracking_uri=f"{self.url}/mlflow")

    def end(self, actor: Actor, key: str) -> InteractiveSession:
        """The kernel has ended: its token dies at once. One that was ended before stays so."""
        actor.require(Scope.RUNS_WRITE)
        with self.db.write() as tx:
            end(tx, _find(tx, actor, key), self.clock)
            return _find(tx, actor, key)

    def keep(self, actor: Actor, key: str) -> InteractiveSession:
        """The kernel lives, whatever it logs.

        Raises:
            ConflictError: the session has ended; a new one can be begun.
        """
        actor.require(Scope.RUNS_WRITE)
        with self.db.write(wake=False) as tx:
            session = _find(tx, actor, key)
            if session.ended_at is not None:
                raise ConflictError(f"interactive session {key} has ended", hint="Begin a new one.")
            store.update(tx, key, seen_at=self.clock.now())
            return _find(tx, actor, key)

    def list_sessions(self, actor: Actor, limit: int) -> tuple[InteractiveSession, ...]:
        """Newest first."""
        actor.require(Scope.READ)
        with self.db.read() as tx:
            return store.load(tx, store.sessions.c.project_id == actor.project_id, limit=limit)

    def list_runs(self, actor: Actor, limit: int) -> tuple[InteractiveRun, ...]:
        """What was made by hand in the newest sessions, newest first: MLflow's own answer, asked once."""
        actor.require(Scope.READ)
        with self.db.read() as tx:
            here = store.sessions.c.tracking_server.is_not_distinct_from(self.server)
            known = store.load(tx, store.sessions.c.project_id == actor.project_id, here, limit=SESSIONS_ASKED)
        sessions = {session.id: session for session in known}
        experiments = tuple(dict.fromkeys(session.experiment_id for session in known))
        if not experiments:
            return ()
        found = self.tracking.of(actor.project_id).tagged_runs(experiments, INTERACTIVE_TAG, limit=limit)
        made = ((run, sessions.get(run.tags.get(INTERACTIVE_TAG, ""))) for run in found)
        return tuple(_run(run, session) for run, session in made if session is not None)


@dataclass(frozen=True)
class Seen:
    """Notes that a session's token is used. Called at every request; writes every few minutes."""

    db: Database
    clock: Clock
    _noted: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, subject: str) -> None:
        now = self.clock.monotonic()
        with self._lock:
            if not subject.startswith("session_") or now < self._noted.get(subject, now):
                return
            if len(self._noted) > 10_000:
                self._noted.clear()
            self._noted[subject] = now + NOTED_EVERY.total_seconds()
        with self.db.write(wake=False) as tx:
            store.update(tx, subject, seen_at=self.clock.now())


def tracked(tx: Tx, subject: str) -> tuple[None, str] | None:
    """No run, and the session's experiment; None for what is no session."""
    session = store.find(tx, subject)
    return None if session is None or session.ended_at is not None else (None, session.experiment_id)


def end(tx: Tx, session: InteractiveSession, clock: Clock) -> None:
    if session.ended_at is None:
        store.update(tx, session.id, ended_at=clock.now())
        tokens.revoke_subject(tx, session.id, clock.now())


def _find(tx: Tx, actor: Actor, key: str) -> InteractiveSession:
    session = store.find(tx, key)
    if session is None or session.project_id != actor.project_id:
        raise NotFoundError(f"no interactive session {key[:80]!r}")
    return session


def check_notebook(path: str) -> str:
    """Raises InvalidInputError unless it is a relative path of something in a project."""
    parts = path.split("/")
    if not 0 < len(path) <= _LONGEST or not path.isprintable() or any(part in {"", ".", ".."} for part in parts):
        raise InvalidInputError(
            f"notebook {path[:200]!r} is not valid: expected its path in the project, as work/train.ipynb"
        )
    return path


def _check_source(source: str | None) -> str | None:
    if source is not None and not (0 < len(source) <= _LONGEST_SOURCE and source.isprintable()):
        raise InvalidInputError(f"source {source[:200]!r} is not valid: expected where the notebook lies, as a path")
    return source


def _run(run: TrackedRun, session: InteractiveSession) -> InteractiveRun:
    return InteractiveRun(
        id=run.id,
        session=session.id,
        notebook=session.notebook,
        name=run.name,
        status=run.status,
        created_by=session.created_by,
        started_at=run.started_at,
        ended_at=run.ended_at,
        experiment_id=run.experiment_id,
        source=session.source,
        metrics=run.metrics,
        params=run.params,
    )
