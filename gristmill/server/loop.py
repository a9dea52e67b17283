"""The control loop: one thread that looks at everything that is open and does what is due, woken early by commits."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from gristmill.core.errors import UnavailableError
from gristmill.core.events import Wakeup
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.core.pace import Pace

Step = Callable[[], Pace]

log = logging.getLogger(__name__)

SPACING = 0.02  # seconds between two turns while something is under way: workers commit more often than that
PAUSES = {Pace.IDLE: 2.0, Pace.BUSY: 0.25, Pace.SOON: 0.04}  # seconds; commits wake the loop anyway


class ControlLoop:
    """Runs its steps while this control plane leads. A step answers how soon it is due again."""

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

    def turn(self) -> Pace:
        """Every step once; the soonest of their paces. One that fails is logged with its traceback and due again."""
        pace = Pace.IDLE
        for name, step in self._steps:
            try:
                pace = max(pace, step())
                self._waits.pop(name, None)
            except NotLeaderError:
                log.warning("another control plane leads now")
                return Pace.IDLE
            except UnavailableError as error:
                if self._waits.get(name) != error.message:
                    log.warning("the step %r waits: %s", name, error.message)
                self._waits[name] = error.message
                pace = max(pace, Pace.BUSY)
            except Exception:  # a fault of one step must not stop the others; it is logged whole
                log.exception("the step %r failed", name)
                pace = max(pace, Pace.BUSY)
        return pace

    def _run(self) -> None:
        while not self._stop.is_set():
            seen = self._wakeup.ticks
            pace = Pace.IDLE
            if self._leader.leading:
                self._turn_began = time.monotonic()
                pace = self.turn()
                self._turn_began = None
            if pace is not Pace.IDLE:
                seen = self._wakeup.ticks  # what a busy turn itself committed is no news to it: it would spin
                self._stop.wait(SPACING)
            self._wakeup.wait(seen, PAUSES[pace])
