"""What is told of an attempt, second by second."""

import math
import time
from collections.abc import Sequence

import pytest

from gristmill.utilisation.model import MAX_POINTS, UtilisationPoint
from gristmill.worker.gpu_usage import GpuReading
from gristmill.worker.process_usage import LinuxProcesses
from gristmill.worker.system_metrics import as_system_metrics
from gristmill.worker.utilisation import Series, Utilisation, due_pause, width


class Steady:
    """Processes that have worked for fifty milliseconds since they were looked at last, and hold 100 bytes."""

    def cpu_seconds(self) -> float:
        return 0.05

    def memory(self) -> int:
        return 100


def looked_at(seconds: float) -> list[UtilisationPoint]:
    """A series as it comes about when somebody looks for so long."""
    series, at = Series(), 0.0
    found: list[UtilisationPoint] = []
    while at < seconds:
        pause = due_pause(at)
        at += pause
        series.add(UtilisationPoint(at=at, seconds=pause, cpu=1.0, cpu_peak=1.0, memory=1, memory_peak=1))
        found += series.take()
    return [*found, *series.take(rest=True)]


def test_the_first_two_minutes_are_told_by_the_second() -> None:
    assert [point.at for point in looked_at(120)] == list(range(1, 121))


@pytest.mark.parametrize(("days", "most"), [(1, 1300), (7, 1600)])
def test_a_series_of_days_stays_short_and_tells_all_the_time(days: int, most: int) -> None:
    found = looked_at(days * 86_400)
    assert len(found) <= most < MAX_POINTS
    assert math.fsum(point.seconds for point in found) == pytest.approx(days * 86_400, abs=5)
    assert all(point.seconds <= 1.2 * width(point.at) + 1 for point in found)


def test_whatever_was_seen_is_told_when_it_ends() -> None:
    told: list[UtilisationPoint] = []
    looking = Utilisation("attempt_1", told.extend, processes=Steady(), gpus=lambda: [GpuReading(0, 0.5, 7)])
    looking.start()
    time.sleep(0.1)  # there is something to be seen
    looking.stop()
    looking.stop()
    assert {point.memory_peak for point in told} == {100}
    assert told[0].cpu == pytest.approx(0.05 / told[0].seconds, rel=0.02)
    assert told[0].gpus[0].memory_peak == 7


def test_what_never_began_tells_nothing() -> None:
    told: list[Sequence[UtilisationPoint]] = []
    looking = Utilisation("attempt_1", told.append, processes=Steady())
    looking.stop()
    looking.start()
    assert told == []


def test_system_metrics_have_mlflows_names_and_the_time_at_which_they_were_seen() -> None:
    looking = Series()
    looking.add(UtilisationPoint(at=1, seconds=1, cpu=0.5, cpu_peak=1, memory=2_000_000, memory_peak=3_000_000))
    looking.add(UtilisationPoint(at=2, seconds=1, cpu=1.0, cpu_peak=1, memory=4_000_000, memory_peak=4_000_000))
    found = as_system_metrics(looking.take(), 2.0, now=100.0)
    assert [(one["key"], one["value"], one["timestamp"], one["step"]) for one in found] == [
        ("system/cpu_utilization_percentage", 25.0, 99_000, 1),
        ("system/system_memory_usage_megabytes", 2.0, 99_000, 1),
        ("system/cpu_utilization_percentage", 50.0, 100_000, 2),
        ("system/system_memory_usage_megabytes", 4.0, 100_000, 2),
    ]


def test_looking_takes_less_than_a_hundredth_of_a_core() -> None:
    """Of this machine, with whatever else runs on it."""
    looking = LinuxProcesses("attempt_1")
    looking.cpu_seconds()
    looking.memory()
    began = time.thread_time()
    for _ in range(20):
        looking.cpu_seconds()
        looking.memory()
    assert (time.thread_time() - began) / 20 < 0.01 * due_pause(0)
