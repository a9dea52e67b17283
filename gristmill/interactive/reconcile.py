"""Sessions whose kernel has fallen silent are ended; what an ended one left open in MLflow is closed."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, UnavailableError
from gristmill.core.lease import Leadership
from gristmill.interactive import store
from gristmill.interactive.model import InteractiveSession
from gristmill.interactive.service import Tracking, end
from gristmill.tracking.model import INTERACTIVE_TAG, TrackedStatus

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds between two looks
AT_ONCE = 100


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

    def step(self) -> bool:
        """Never busy: nobody waits for the end of a session."""
        if self.clock.monotonic() < self._due:
            return False
        self._due = self.clock.monotonic() + PAUSE
        with self.db.read() as tx:
            oldest = store.load(
                tx, store.sessions.c.ended_at.is_not(None), store.sessions.c.closed_at.is_(None), limit=AT_ONCE
            )
            silent = store.load(
                tx,
                store.sessions.c.ended_at.is_(None),
                (store.sessions.c.seen_at < self.clock.now() - timedelta(seconds=self.idle))
                | store.sessions.c.tracking_server.is_distinct_from(self.server),
                limit=AT_ONCE,
            )
        for session in silent:
            with self.leader.write() as tx:
                end(tx, session, self.clock)
        for session in (*oldest, *silent):
            self._close(session)
        return False

    def _close(self, session: InteractiveSession) -> None:
        """What a kernel that was killed has not ended itself. Of another MLflow server nothing is asked."""
        try:
            if session.tracking_server == self.server:
                for run in self.tracking.open_runs(session.experiment_id, INTERACTIVE_TAG, session.id):
                    self.tracking.end_run(run.id, TrackedStatus.KILLED)
        except UnavailableError:
            return  # MLflow is away: later
        except GristmillError as error:
            log.warning("runs of %s are left open: %s", session.id, error.message)
        with self.leader.write() as tx:
            store.update(tx, session.id, closed_at=self.clock.now())
