"""The kernel of an attempt that has failed, kept for a while so that its author can look at what was."""

import math
import time

from gristmill.runs.model import FaultKind, RunFault
from gristmill.worker.kernel import Kernel
from gristmill.worker.stop import Stop

_LOOK = 0.2  # seconds between two looks


class PostMortem:
    """A living kernel and for how long it is kept. The time that the run itself had is of no matter any more."""

    def __init__(self, kernel: Kernel, seconds: float, stop: Stop) -> None:
        self._kernel, self._seconds, self._stop = kernel, seconds, stop
        stop.at(math.inf)

    @property
    def connection_file(self) -> str:
        return str(self._kernel.manager.connection_file)

    def hold(self) -> None:
        """Returns when the kernel has ended: by itself, because its time was over, or this process is to stop."""
        until = time.monotonic() + self._seconds
        while self._kernel.alive and self._stop.reason is None and time.monotonic() < until:
            time.sleep(_LOOK)
        self._kernel.shutdown(now=False)


def is_worth_it(fault: RunFault | None, kernel: Kernel) -> bool:
    """Whether there is something to look at: a cell has raised, and its kernel lives."""
    return fault is not None and fault.kind is FaultKind.CELL_ERROR and kernel.alive
