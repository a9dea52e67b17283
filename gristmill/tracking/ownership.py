"""What of MLflow belongs to an attempt: its run, its experiment, and what it has made through the proxy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import ConflictError
from gristmill.core.scopes import Actor
from gristmill.tracking.store import OwnedKind, owner_of, remember

# The MLflow run and experiment of an attempt, None before it has one; of an interactive session the experiment alone.
TrackedRunOf = Callable[[str], tuple[str | None, str] | None]

_REMEMBERED = 20_000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class AttemptTracking:
    """An attempt, its MLflow run and the experiment of that; or an interactive session, which has no first run."""

    project_id: str
    attempt: str
    run_id: str | None
    experiment_id: str


class Ownership:
    """Answers from memory what it has once found to be so: what belongs to an attempt does so for ever."""

    def __init__(self, db: Database, clock: Clock, tracked_run: TrackedRunOf) -> None:
        self._db, self._clock, self._tracked_run = db, clock, tracked_run
        self._attempts: dict[str, AttemptTracking] = {}
        self._owners: dict[tuple[OwnedKind, str], str] = {}

    def attempt(self, actor: Actor) -> AttemptTracking:
        """The attempt that this token is bound to.

        Raises:
            ConflictError: it has no MLflow run yet.
        """
        subject = actor.subject or ""
        if (known := self._attempts.get(subject)) is not None:
            return known
        tracked = self._tracked_run(subject)
        if tracked is None:
            raise ConflictError(f"attempt {subject!r} has no MLflow run yet", hint="It gets one before it starts.")
        found = AttemptTracking(
            project_id=actor.project_id, attempt=subject, run_id=tracked[0], experiment_id=tracked[1]
        )
        keep(self._attempts, subject, found)
        return found

    def owns(self, attempt: AttemptTracking, kind: OwnedKind, mlflow_id: str) -> bool:
        """Whether the attempt made it. Its first run, which the control plane made, is not among what it made."""
        key = (kind, mlflow_id)
        if key not in self._owners:
            with self._db.read() as tx:
                owner = owner_of(tx, kind, mlflow_id)
            if owner is None:
                return False
            keep(self._owners, key, owner)
        return self._owners[key] == attempt.attempt

    def remember(self, attempt: AttemptTracking, kind: OwnedKind, mlflow_id: str) -> bool:
        """Notes what the attempt makes; False if another attempt made it before."""
        with self._db.write() as tx:
            owner = remember(
                tx,
                project_id=attempt.project_id,
                kind=kind,
                mlflow_id=mlflow_id,
                subject=attempt.attempt,
                now=self._clock.now(),
            )
        keep(self._owners, (kind, mlflow_id), owner)
        return owner == attempt.attempt


def keep(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) >= _REMEMBERED:
        memory.pop(next(iter(memory)), None)
    memory[key] = value
