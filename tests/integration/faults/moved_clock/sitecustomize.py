"""Loaded by processes that a test starts: Gristmill's own clock in them is off by `$MOVED_CLOCK` seconds."""

import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

with contextlib.suppress(ImportError):  # nothing of ours is in this interpreter
    from gristmill.core.clock import SystemClock

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(Path(os.environ["MOVED_CLOCK"]).read_text()))

    SystemClock.now = now  # type: ignore[method-assign]
