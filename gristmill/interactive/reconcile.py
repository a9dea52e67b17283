"""Sessions whose kernel has fallen silent are ended; what an ended one left open in MLflow is closed."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, UnavailableError
from gristmill.core.lease import Leadership
from gristmill.core.pace import Pace
from gristmill.interactive import store
from gristmill.interactive.model import InteractiveSession
from gristmill.interactive.service import Tracking, end
from gristmill.tracking.model import INTERACTIVE_TAG, TrackedStatus

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds between two looks
AT_ONCE = 3  # sessions that are closed; each asks MLflow, and the control loop waits for the answers
SILENT_AT_ONCE = 100


@dataclass
class InteractiveReconciler:
    """`idle` is how many seconds a session may be silent."""

    db: Database
    leader: Leadership
    tracking: Tracking
    clock: Clock
    idle: float
    server: str | None = None
    _due: float = field(default=0.0)
    _passed: InteractiveSession | None = None

    def step(self) -> Pace:
        """Never busy: nobody waits for the end of a session."""
        if self.clock.monotonic() < self._due:
            return Pace.IDLE
        self._due = self.clock.monotonic() + PAUSE
        for session in self._silent():
            self._end(session.id)
        for session in self._unclosed():
            if not self._close(session):
                self._passed = session
                break
        return Pace.IDLE

    def _unclosed(self) -> tuple[InteractiveSession, ...]:
        """Behind the one for which MLflow did not answer; that one is due again after all others."""
        with self.db.read() as tx:
            found = store.unclosed(tx, AT_ONCE, after=self._passed)
            if not found and self._passed is not None:
                self._passed = None
                found = store.unclosed(tx, AT_ONCE)
        return found

    def _silent(self) -> tuple[InteractiveSession, ...]:
        with self.db.read() as tx:
            return store.load(tx, store.sessions.c.ended_at.is_(None), self._is_silent(), limit=SILENT_AT_ONCE)

    def _is_silent(self) -> sa.ColumnElement[bool]:
        """Nothing was heard of it for long, or it is another MLflow server's."""
        since = self.clock.now() - timedelta(seconds=self.idle)
        return (store.sessions.c.seen_at < since) | store.sessions.c.tracking_server.is_distinct_from(self.server)

    def _end(self, key: str) -> None:
        """Unless it was heard of meanwhile."""
        with self.leader.write() as tx:
            session = store.lock(tx, key, self._is_silent())
            if session is not None:
                end(tx, session, self.clock)

    def _close(self, session: InteractiveSession) -> bool:
        """Ends what a killed kernel has not; False where MLflow does not answer. Another server is not asked."""
        try:
            if session.tracking_server == self.server:
                mlflow = self.tracking.of(session.project_id)
                for run in mlflow.open_runs(session.experiment_id, INTERACTIVE_TAG, session.id):
                    mlflow.end_run(run.id, TrackedStatus.KILLED)
        except UnavailableError:
            return False  # later
        except GristmillError as error:
            log.warning("runs of %s are left open: %s", session.id, error.message)
        with self.leader.write() as tx:
            store.update(tx, session.id, closed_at=self.clock.now())
        return True
