"""Time is passed in where a result depends on it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time in UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, of no meaning outside this process."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
