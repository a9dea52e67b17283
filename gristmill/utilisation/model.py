"""What an attempt used of its machine, from second to second, and what that says of its profile."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gristmill.profiles.model import Resources

# A series never has more points than this, however long the attempt.
MAX_POINTS = 2000


@dataclass(frozen=True, kw_only=True)
class GpuPoint:
    """One device that the attempt could see: `busy` of the time, 0 to 1, and the bytes held on it, by whomever."""

    index: int
    busy: float
    busy_peak: float
    memory_peak: int


@dataclass(frozen=True, kw_only=True)
class UtilisationPoint:
    """The `seconds` up to `at`, counted from the attempt's beginning. `cpu` in cores, `memory` in bytes.

    All processes of the attempt together, the worker's own among them; memory that they share counts once.
    """

    at: float
    seconds: float
    cpu: float
    cpu_peak: float
    memory: int
    memory_peak: int
    gpus: tuple[GpuPoint, ...] = ()


class Sizing(StrEnum):
    SMALLER = "smaller"  # a smaller profile would do
    LARGER = "larger"  # it ran out of memory, or nearly so
    FITS = "fits"
    UNKNOWN = "unknown"  # too short, not over, or not succeeded: nothing can be said


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`says` is a sentence for people: what was used of what, and the profile that would do, if another one would."""

    sizing: Sizing
    says: str
    profile: str | None = None


@dataclass(frozen=True, kw_only=True)
class Utilisation:
    """Of a run's last attempt. `busy` is what its processes kept busy in 95% of the time, in cores.

    `given` is what its profile gives; None where the catalogue has it no more.
    """

    run: str
    attempt: str | None
    profile: str
    given: Resources | None
    seconds: float
    busy: float
    cpu_peak: float
    memory_peak: int
    gpu_peak: float | None
    gpu_memory_peak: int | None
    advice: Advice | None
    points: tuple[UtilisationPoint, ...]


def merged(points: Sequence[UtilisationPoint]) -> UtilisationPoint:
    """One point for several that follow each other."""
    seconds = sum(point.seconds for point in points)
    last = points[-1]
    return UtilisationPoint(
        at=last.at,
        seconds=round(seconds, 3),
        cpu=_mean([(point.cpu, point.seconds) for point in points]),
        cpu_peak=max(point.cpu_peak for point in points),
        memory=round(_mean([(point.memory, point.seconds) for point in points])),
        memory_peak=max(point.memory_peak for point in points),
        gpus=tuple(_gpu(index, points) for index in sorted({gpu.index for point in points for gpu in point.gpus})),
    )


def halved(points: Sequence[UtilisationPoint]) -> tuple[UtilisationPoint, ...]:
    """Every two neighbours as one."""
    return tuple(merged(points[place : place + 2]) for place in range(0, len(points), 2))


def busy(points: Sequence[UtilisationPoint], share: float = 0.95) -> float:
    """The number of cores that was not exceeded for this share of the time."""
    rising = sorted((point.cpu, point.seconds) for point in points)
    wanted = share * sum(seconds for _, seconds in rising)
    passed = 0.0
    for cpu, seconds in rising:
        passed += seconds
        if passed >= wanted - 1e-9:
            return cpu
    return 0.0


def _gpu(index: int, points: Sequence[UtilisationPoint]) -> GpuPoint:
    found = [(gpu, point.seconds) for point in points for gpu in point.gpus if gpu.index == index]
    return GpuPoint(
        index=index,
        busy=_mean([(gpu.busy, seconds) for gpu, seconds in found]),
        busy_peak=max(gpu.busy_peak for gpu, _ in found),
        memory_peak=max(gpu.memory_peak for gpu, _ in found),
    )


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    weight = math.fsum(seconds for _, seconds in weighted)
    if not weight:
        return weighted[-1][0]
    return round(math.fsum(value * seconds for value, seconds in weighted) / weight, 4)
