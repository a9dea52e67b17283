"""What the attempt uses, looked at every second: a thread that takes far less than a hundredth of a core.

A day has 86,400 seconds; a series of them is told in about a thousand points. A point covers a 150th of the time that
has passed, one second at least: the beginning is seen in detail, and what was told is never told again.
"""

import threading
import time
from collections.abc import Callable, Sequence

from gristmill.utilisation.model import GpuPoint, UtilisationPoint, merged
from gristmill.worker.gpu_usage import GpuReading, GpuUsage
from gristmill.worker.process_usage import ProcessUsage, process_usage

_DETAIL = 150  # points for the time that has passed, before they widen
_SHORTEST, _LONGEST = 1.0, 5.0  # seconds between two looks
_BUNDLE_S = 5.0  # seconds between two reports
_SHARE = 0.007  # of the time, what looking may take of a core: where it takes longer, it is done less often
_LEAST = 0.05  # seconds: what is shorter says nothing of cores

OnPoints = Callable[[Sequence[UtilisationPoint]], None]


class Utilisation:
    """Tells `on_points` of the processes of one attempt, from `start` to `stop`; both may be called again."""

    def __init__(
        self,
        attempt: str,
        on_points: OnPoints,
        *,
        processes: ProcessUsage | None = None,
        gpus: Callable[[], Sequence[GpuReading]] | None = None,
    ) -> None:
        self._on_points = on_points
        self._processes = processes or process_usage(attempt)
        self._gpus = gpus
        self._series = Series()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="utilisation", daemon=True)

    def start(self) -> None:
        if not self._thread.is_alive() and not self._stopped.is_set():
            self._thread.start()

    def stop(self) -> None:
        """Returns when all was told."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        began = told = last = time.monotonic()
        gpus = self._gpus or GpuUsage().read
        self._processes.cpu_seconds()  # what came before is not asked
        pause, spent, going = _SHORTEST, 0.0, True
        while going:
            going = not self._stopped.wait(pause)
            worked = time.thread_time()
            now = time.monotonic()
            if now - last >= _LEAST:
                self._series.add(_point(now - began, now - last, self._processes, gpus()))
                last = now
            if not going or now - told >= _BUNDLE_S:
                if points := self._series.take(rest=not going):
                    self._on_points(points)
                told = now
            spent += time.thread_time() - worked
            pause = max(due_pause(now - began), spent / _SHARE - (now - began))


class Series:
    """Joins what was seen into points that widen with the time that has passed."""

    def __init__(self) -> None:
        self._open: list[UtilisationPoint] = []
        self._done: list[UtilisationPoint] = []

    def add(self, point: UtilisationPoint) -> None:
        self._open.append(point)
        if sum(one.seconds for one in self._open) >= 0.9 * width(point.at):
            self._close()

    def take(self, *, rest: bool = False) -> tuple[UtilisationPoint, ...]:
        """The points that were not taken yet; with the `rest` also the one that is not complete."""
        if rest and self._open:
            self._close()
        done, self._done = tuple(self._done), []
        return done

    def _close(self) -> None:
        self._done.append(merged(self._open))
        self._open = []


def width(passed: float) -> float:
    """Seconds that one point covers when so much time has passed."""
    return max(1.0, passed / _DETAIL)


def due_pause(passed: float) -> float:
    """Seconds to the next look: eight for a point, once points are wide."""
    return min(_LONGEST, max(_SHORTEST, width(passed) / 8))


def _point(at: float, seconds: float, processes: ProcessUsage, gpus: Sequence[GpuReading]) -> UtilisationPoint:
    cpu = round(processes.cpu_seconds() / seconds, 3)
    memory = processes.memory()
    return UtilisationPoint(
        at=round(at, 3),
        seconds=round(seconds, 3),
        cpu=cpu,
        cpu_peak=cpu,
        memory=memory,
        memory_peak=memory,
        gpus=tuple(
            GpuPoint(index=gpu.index, busy=gpu.busy, busy_peak=gpu.busy, memory_peak=gpu.memory) for gpu in gpus
        ),
    )
