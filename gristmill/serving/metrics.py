"""An endpoint's counters in Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = tuple[tuple[str, str], ...]


@dataclass
class Counter:
    name: str
    help: str
    values: dict[Labels, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, labels: Labels = (), amount: float = 1) -> None:
        self.values[labels] += amount

    def lines(self) -> Iterator[str]:
        yield from _head(self.name, self.help, "counter")
        for labels, value in self.values.items():
            yield _line(self.name, labels, value)


@dataclass
class Gauge:
    name: str
    help: str
    values: dict[Labels, float] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        yield from _head(self.name, self.help, "gauge")
        for labels, value in self.values.items():
            yield _line(self.name, labels, value)


@dataclass
class Histogram:
    """Counts by bucket. Buckets of the same bounds can be summed over workers and time."""

    name: str
    help: str
    bounds: tuple[float, ...]
    series: dict[Labels, list[int]] = field(default_factory=dict)
    sums: dict[Labels, float] = field(default_factory=lambda: defaultdict(float))

    def observe(self, value: float, labels: Labels = ()) -> None:
        counts = self.series.get(labels)
        if counts is None:
            counts = self.series[labels] = [0] * (len(self.bounds) + 1)
        counts[bisect_left(self.bounds, value)] += 1
        self.sums[labels] += value

    def lines(self) -> Iterator[str]:
        yield from _head(self.name, self.help, "histogram")
        for labels, counts in self.series.items():
            total = 0
            for bound, count in zip((*map(str, self.bounds), "+Inf"), counts, strict=True):
                total += count
                yield _line(f"{self.name}_bucket", (*labels, ("le", bound)), total)
            yield _line(f"{self.name}_sum", labels, self.sums[labels])
            yield _line(f"{self.name}_count", labels, total)


class Metrics:
    """What one worker counted since it started. Written by the event loop only."""

    def __init__(self) -> None:
        self.requests = Counter("gristmill_requests_total", "Requests by route and status.")
        self.seconds = Histogram(
            "gristmill_request_seconds", "From the first byte of a request to the end of its answer.", SECONDS
        )
        self.predictions = Counter("gristmill_predictions_total", "Requests that were answered with predictions.")
        self.rows = Counter("gristmill_rows_total", "Rows that were answered with predictions.")
        self.by_key = Counter("gristmill_key_requests_total", "Requests by the id of the API key that came with them.")
        self.last_by_key = Gauge("gristmill_key_last_request_time_seconds", "When a key came last, in Unix time.")
        self.in_flight = 0

    def done(self, route: str, status: int, seconds: float) -> None:
        self.requests.add((("route", route), ("status", str(status))))
        self.seconds.observe(seconds, (("route", route),))

    def came_with(self, key: str, now: float) -> None:
        labels = (("key", key),)
        self.by_key.add(labels)
        self.last_by_key.values[labels] = now

    def text(self, more: Iterable[str]) -> str:
        """All series, `more` lines behind them."""
        families = (self.requests, self.seconds, self.predictions, self.rows, self.by_key, self.last_by_key)
        lines = [line for family in families for line in family.lines()]
        return "\n".join([*lines, *more, ""])


def gauge(name: str, text: str, value: float, labels: Labels = ()) -> list[str]:
    return [*_head(name, text, "gauge"), _line(name, labels, value)]


def counter(name: str, text: str, value: float) -> list[str]:
    return [*_head(name, text, "counter"), _line(name, (), value)]


def _head(name: str, text: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    number = str(int(value)) if value == int(value) else repr(value)
    return f"{name}{{{inside}}} {number}" if inside else f"{name} {number}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
