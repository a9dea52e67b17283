"""Reports that come faster than anybody reads: shown together, because one display costs a third of a millisecond.

The first of a second are shown at once, in order with the cell's other output. Of what comes faster the last value of
each metric, or of each metric at each step, is shown ten times a second and at the end of the cell.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any

AT_ONCE = 100  # reports of a second that are shown as they come
TOGETHER = 0.1  # seconds between two displays of what comes faster

Metrics = dict[str, dict[str, Any]]  # by name: value, and what else is known of it


class ReportFlood:
    """`show` shows reports, and how many calls they stand for. `at_end` calls something at the end of each cell."""

    def __init__(
        self, show: Callable[[list[Metrics], int], None], at_end: Callable[[Callable[..., None]], None]
    ) -> None:
        self._show, self._at_end = show, at_end
        self._at_end_known = False
        self._begin(AT_ONCE)
        if hasattr(os, "register_at_fork"):
            # What is held is the parent's to show. A child shows all at once: it may end without a word.
            os.register_at_fork(after_in_child=lambda: self._begin(math.inf))

    def _begin(self, at_once: float) -> None:
        self._lock = threading.RLock()
        self._held: dict[tuple[str, int | None], dict[str, Any]] = {}
        self._calls = 0
        self._at_once = self._left = at_once
        self._seen = time.monotonic()
        self._timer: threading.Timer | None = None
        self._due = -math.inf

    def add(self, metrics: Metrics) -> None:
        with self._lock:
            now = time.monotonic()
            self._left = min(self._at_once, self._left + (now - self._seen) * AT_ONCE)
            self._seen = now
            if not self._held and self._left >= 1:
                self._left -= 1
                self._show([metrics], 1)
                return
            if not self._held:
                self._expect_flush(now)
            for name, metric in metrics.items():
                place = (name, metric.get("step"))
                self._held.pop(place, None)  # what came last is told last
                self._held[place] = metric
            self._calls += 1
            if now >= self._due:
                self.flush()

    def flush(self, *_: object) -> None:
        """Shows what is held."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if not self._held:
                return
            held, calls = self._held, self._calls
            self._held, self._calls = {}, 0
            self._show(_reports(held), calls)

    def _expect_flush(self, now: float) -> None:
        self._due = now + TOGETHER
        self._timer = threading.Timer(TOGETHER, self.flush)  # nothing may come after it in this cell for long
        self._timer.daemon = True
        self._timer.start()
        if not self._at_end_known:
            self._at_end_known = True
            self._at_end(self.flush)


def _reports(held: dict[tuple[str, int | None], dict[str, Any]]) -> list[Metrics]:
    """Each with one value of a metric, in the order in which they came."""
    found: list[Metrics] = []
    for (name, _), metric in held.items():
        if not found or name in found[-1]:
            found.append({})
        found[-1][name] = metric
    return found
