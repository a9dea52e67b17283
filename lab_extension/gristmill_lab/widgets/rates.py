"""What an endpoint's counters come to: requests per second and latencies, from two looks at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from gristmill.endpoints.model import Traffic

KEPT = 61  # samples: two minutes of one every two seconds
_NOW = 6  # samples
_MINUTE = 31


@dataclass(frozen=True, kw_only=True)
class Rates:
    """None: not known yet, or nobody asked. Latencies are of the last minute, in seconds."""

    per_second: float | None
    p50: float | None
    p99: float | None
    history: tuple[float, ...] = ()  # requests per second between two samples, the oldest first


def kept(samples: Sequence[Traffic], now: Traffic) -> tuple[Traffic, ...]:
    """With the new one; another worker counts from nothing."""
    same = samples if samples and now.requests >= samples[-1].requests else ()
    return (*same, now)[-KEPT:]


def rates(samples: Sequence[Traffic]) -> Rates:
    if not samples:
        return Rates(per_second=None, p50=None, p99=None)
    last, minute = samples[-1], samples[-min(_MINUTE, len(samples))]
    before = minute.counts if len(samples) > 1 else ()
    counts = [after - then for after, then in zip_longest(last.counts, before, fillvalue=0)]
    return Rates(
        per_second=_rate(samples[-min(_NOW, len(samples))], last) if len(samples) > 1 else None,
        p50=quantile(last.bounds, counts, 0.5),
        p99=quantile(last.bounds, counts, 0.99),
        history=tuple(_rate(*pair) for pair in pairwise(samples)),
    )


def _rate(before: Traffic, after: Traffic) -> float:
    seconds = (after.time - before.time).total_seconds()
    return (after.requests - before.requests) / seconds if seconds > 0 else 0.0


def quantile(bounds: Sequence[float], counts: Sequence[int], q: float) -> float | None:
    """Within its bucket values are taken to be spread evenly, as Prometheus' `histogram_quantile` does.

    None without a value; above the last bound, that bound.
    """
    wanted, below = sum(counts) * q, 0
    if not wanted:
        return None
    for at, count in enumerate(counts[: len(bounds)]):
        if below + count >= wanted:
            low = bounds[at - 1] if at else 0.0
            return low + (bounds[at] - low) * (wanted - below) / count
        below += count
    return bounds[-1]
