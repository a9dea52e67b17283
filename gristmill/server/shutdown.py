"""Stopping: the control plane alone, or with everything that it has started."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.lease import PATIENCE, Leadership, renewed
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.endpoints import service as endpoints
from gristmill.endpoints.backends.base import EndpointBackend
from gristmill.runs import kernels
from gristmill.runs import service as runs
from gristmill.runs.executors.base import Executor
from gristmill.server.loop import ControlLoop
from gristmill.server.renewal import INTERVAL
from gristmill.tracking.server import MlflowServer

log = logging.getLogger(__name__)

ENDPOINT_GRACE = 20.0


@dataclass
class Shutdown:
    """Endpoints that are stopped here come back with the next control plane: what should be is in the rows.

    A control plane that does not lead ends by itself alone.
    """

    db: Database
    clock: Clock
    settings: Settings
    leader: Leadership
    loop: ControlLoop
    executor: Executor
    backend: EndpointBackend
    mlflow: MlflowServer
    leave: Callable[[], None]
    _begun: threading.Event = field(default_factory=threading.Event)

    def begin(self, actor: Actor, *, everything: bool) -> None:
        """Returns at once; the control plane ends when it is done."""
        if self._begun.is_set():
            return
        self._begun.set()
        threading.Thread(target=self._run, args=(actor, everything), name="shutdown", daemon=True).start()

    def _run(self, actor: Actor, everything: bool) -> None:  # noqa: FBT001  # a thread's target
        try:
            leads = self._leads()
            if everything and leads:
                self._cancel_runs(actor)
            self.loop.stop()
            if everything and leads:
                self._stop_endpoints()
            if self._no_attempts():
                self.executor.stand_down()
                if leads:
                    self.mlflow.stop()
        finally:
            self.leave()

    def _leads(self) -> bool:
        """What others use is not a follower's to end.

        After one that was killed this one leads some seconds later. It waits for that: else nobody would end it.
        """

        def known() -> bool:
            if self.leader.leading:
                return True
            return renewed(self.db, self.clock, within=2 * INTERVAL) not in {None, self.leader.holder}

        self._until(known, PATIENCE + 3 * INTERVAL)
        return self.leader.leading

    def _cancel_runs(self, actor: Actor) -> None:
        with self.db.write() as tx:
            runs.cancel_all(tx, actor, self.clock)
            kernels.end_all(tx, actor, self.clock)
        self._until(self._no_attempts, self.settings.cancel_grace + 15.0)

    def _stop_endpoints(self) -> None:
        with self.db.read() as tx:
            ids = endpoints.every_id(tx)
        for endpoint in ids:
            self.backend.stop(endpoint)
        self._until(lambda: not any(self.backend.is_alive(endpoint) for endpoint in ids), ENDPOINT_GRACE)
        for endpoint in ids:
            self.backend.clean_up(endpoint)

    def _no_attempts(self) -> bool:
        with self.db.read() as tx:
            return not runs.open_attempts(tx)

    def _until(self, condition: Callable[[], bool], patience: float) -> None:
        deadline = time.monotonic() + patience
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)  # processes end without telling
