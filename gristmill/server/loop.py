"""The control loop: one thread that looks at everything that is open and does what is due, woken early by commits."""

import logging
import threading
from collections.abc import Callable, Sequence

from gristmill.core.events import Wakeup
from gristmill.core.lease import Leadership, NotLeaderError

log = logging.getLogger(__name__)

PERIOD = 0.25  # seconds between two looks at the processes while something is open
RENEWAL = 3.0


class ControlLoop:
    """Runs its steps while this control plane leads."""

    def __init__(self, leader: Leadership, wakeup: Wakeup, steps: Sequence[tuple[str, Callable[[], None]]]) -> None:
        self._leader, self._wakeup, self._steps = leader, wakeup, steps
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control-loop", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wakeup.set()
        self._thread.join()

    def turn(self) -> None:
        """Every step once. One that fails is logged with its traceback and due again at the next turn."""
        for name, step in self._steps:
            try:
                step()
            except NotLeaderError:
                log.warning("another control plane leads now")
                return
            except Exception:  # a fault of one step must not stop the others; it is logged whole
                log.exception("the step %r failed", name)

    def _run(self) -> None:
        while not self._stop.is_set():
            seen = self._wakeup.ticks
            if self._leader.leading or self._leader.renew():
                self.turn()
            self._wakeup.wait(seen, PERIOD)
