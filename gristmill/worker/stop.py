"""Why an execution is to end before its last cell."""

import time
from enum import StrEnum


class StopReason(StrEnum):
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    REFUSED = "refused"  # the control plane no longer takes this attempt's events


class Stop:
    """A wish that the execution ends; the engine looks at it ten times a second.

    The first reason stands. Asked a second time, the kernel is not waited for any more. Setting it is one assignment,
    so signal handlers and other threads may.
    """

    def __init__(self, *, grace: float = 5.0) -> None:
        self._grace = grace
        self._reason: StopReason | None = None
        self._deadline: float | None = None
        self._asked = 0

    def request(self, reason: StopReason) -> None:
        self._reason = self._reason or reason
        self._asked += 1

    def at(self, deadline: float) -> None:
        """Ends the execution for `TIMEOUT` when `time.monotonic()` reaches the deadline."""
        self._deadline = deadline

    @property
    def reason(self) -> StopReason | None:
        if self._reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self._reason = StopReason.TIMEOUT
        return self._reason

    @property
    def grace(self) -> float:
        """Seconds that an interrupted kernel has before it is killed."""
        return self._grace if self._asked < 2 else 0.0
