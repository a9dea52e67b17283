"""The control loop: one thread that looks at everything that is open and does what is due, woken early by commits."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from gristmill.core.errors import UnavailableError
from gristmill.core.events import Wakeup
from gristmill.core.lease import Leadership, NotLeaderError

Step = Callable[[], bool]

log = logging.getLogger(__name__)

BUSY = 0.25  # seconds between two looks at the processes while something is under way
IDLE = 2.0  # while all is as it should be: only a death would be news, and commits wake the loop anyway


class ControlLoop:
    """Runs its steps while this control plane leads. A step answers whether something of its own is under way."""

    def __init__(self, leader: Leadership, wakeup: Wakeup, steps: Sequence[tuple[str, Step]]) -> None:
        self._leader, self._wakeup, self._steps = leader, wakeup, steps
        self._stop = threading.Event()
        self._turn_began: float | None = None
        self._waits: dict[str, str] = {}  # for what a step waits, as it was said last
        self._thread = threading.Thread(target=self._run, name="control-loop", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wakeup.set()
        self._thread.join()

    @property
    def turn_takes(self) -> float:
        """Seconds since the turn that is under way began; 0 between two turns."""
        began = self._turn_began
        return 0.0 if began is None else time.monotonic() - began

    def turn(self) -> bool:
        """Every step once; whether any is busy. One that fails is logged with its traceback and due again."""
        busy = False
        for name, step in self._steps:
            try:
                busy = step() or busy
                self._waits.pop(name, None)
            except NotLeaderError:
                log.warning("another control plane leads now")
                return False
            except UnavailableError as error:
                if self._waits.get(name) != error.message:
                    log.warning("the step %r waits: %s", name, error.message)
                self._waits[name] = error.message
                busy = True
            except Exception:  # a fault of one step must not stop the others; it is logged whole
                log.exception("the step %r failed", name)
                busy = True
        return busy

    def _run(self) -> None:
        while not self._stop.is_set():
            seen = self._wakeup.ticks
            busy = False
            if self._leader.leading:
                self._turn_began = time.monotonic()
                busy = self.turn()
                self._turn_began = None
            # What a busy turn itself committed is no news to it: it would spin.
            self._wakeup.wait(self._wakeup.ticks if busy else seen, BUSY if busy else IDLE)
