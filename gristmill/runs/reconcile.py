"""One step of the control loop over runs: what should be (rows) is held against what is (workers), and acted upon.

Level-triggered: each step looks at everything that is open and does what is due now. Doing it again is harmless, and
whoever takes over after a crash goes on from the rows.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from gristmill.core.blobs import BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, UnavailableError
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.core.pace import Pace
from gristmill.core.settings import Settings
from gristmill.profiles.model import Catalogue
from gristmill.runs import kernels, service, store
from gristmill.runs.admission import Admission
from gristmill.runs.executors.base import Executor, Presence
from gristmill.runs.launching import Launcher, Tracking
from gristmill.runs.model import Attempt, Run, RunState
from gristmill.runs.watching import Watch

log = logging.getLogger(__name__)

MAX_LAUNCHES = 3
_GOES_WITHIN = 2.0  # seconds from an attempt's end to that of its worker, as a rule


@dataclass
class RunsReconciler:
    """Queued runs are admitted, what was admitted is launched, what was launched is looked after until it is closed.

    `url` is the control plane's own, as workers reach it.
    """

    db: Database
    leader: Leadership
    executor: Executor
    blobs: BlobStore
    tracking: Tracking
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    url: str
    tracking_server: str | None = None  # the URL of an MLflow server that is not our own
    admission: Admission = field(init=False)
    launcher: Launcher = field(init=False)
    watch: Watch = field(init=False)
    _ending: dict[str, float] = field(default_factory=dict, init=False)  # attempt → when it was first seen over

    def __post_init__(self) -> None:
        self.admission = Admission(self.db, self.leader, self.catalogue, self.clock)
        self.launcher = Launcher(self.leader, self.executor, self.tracking, self.catalogue, self.clock, self.url)
        self.launcher.tracking_server = self.tracking_server
        self.watch = Watch(self.db, self.leader, self.executor, self.blobs, self.tracking, self.settings, self.clock)

    def step(self) -> Pace:
        """Does what is due."""
        waiting = self.admission.step()
        with self.db.read() as tx:
            attempts = service.open_attempts(tx)
        for attempt in attempts:
            try:
                self._advance(attempt)
            except NotLeaderError:
                raise
            except UnavailableError as error:
                self.watch.tell(attempt, error.message)
            except Exception as error:  # one attempt's fault must not stop the others
                if attempt.waiting != str(error):  # logged whole, once: it comes again at every step
                    log.exception("attempt %s", attempt.id)
                self.watch.tell(attempt, str(error))
        if self._is_soon([attempt for attempt in attempts if attempt.state.final]):
            return Pace.SOON
        return Pace.BUSY if waiting or not all(kernels.rests(attempt) for attempt in attempts) else Pace.IDLE

    def _is_soon(self, ending: Sequence[Attempt]) -> bool:
        """Whether one of them has come to its end just now: a process that does not go is looked at less often."""
        now = self.clock.monotonic()
        self._ending = {one.id: self._ending.get(one.id, now) for one in ending if not kernels.rests(one)}
        return any(now - since < _GOES_WITHIN for since in self._ending.values())

    def _advance(self, attempt: Attempt) -> None:
        presence = self.executor.observe(attempt.id)
        may_start = presence is not Presence.ALIVE and not attempt.state.final
        with self.db.read() as tx:
            run = store.brief_run(tx, attempt.run_id)
            launches = store.launches(tx, attempt.id) if may_start else 0
        if presence is Presence.ALIVE:
            self.watch.look_after(run, attempt)
        elif attempt.state.final:
            self.watch.close(attempt)
        elif attempt.claimed_at is not None:  # gone, even where nothing tells any more that it was there
            self.watch.take_leave(run, attempt)
        elif run.cancel_requested:
            self.watch.end(run, attempt, RunState.CANCELLED)
        elif launches >= MAX_LAUNCHES:
            self.watch.fail_launch(run, attempt, launches)
        else:
            self._launch(run, attempt)

    def _launch(self, run: Run, attempt: Attempt) -> None:
        """Asking again is for what is away; what was refused would be refused at every step, and hold up the queue."""
        self.watch.begin(attempt)
        try:
            self.launcher.launch(run, attempt, new=attempt.id in self.admission.admitted)
        except (NotLeaderError, UnavailableError):
            raise
        except GristmillError as error:
            log.warning("attempt %s cannot be started: %s", attempt.id, error.message)
            self.watch.refuse(run, attempt, error)
