"""Numbers, times and sizes as people read them."""

import math
from datetime import timedelta

import pytest

from gristmill.cli.quantities import ago, assignments, clock_face, duration, metric, number, short, size, value
from gristmill.runs.model import Metric
from tests.unit.cli.made import NOON


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (0.923537658, "0.9235"),
        (0.0240533, "0.02405"),
        (0.924, "0.9240"),
        (12345.678, "12346"),
        (1.5, "1.500"),
        (3.0, "3"),
        (-0.5, "-0.5000"),
        (0, "0"),
        (1.2041e-7, "1.204e-07"),
        (1e20, "1e+20"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_a_number_has_four_significant_digits(given: float, shown: str) -> None:
    assert number(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Metric(value=0.923537, spread=0.01234, count=25), "0.9235 ± 0.012 (n=25)"),
        (Metric(value=2, spread=1, count=3), "2.000 ± 1.0 (n=3)"),
        (Metric(value=0, spread=0, count=3), "0 ± 0 (n=3)"),
        (Metric(value=1234.5, spread=98.7, count=5), "1234 ± 99 (n=5)"),
        (Metric(value=0.5, spread=1e-9, count=2), "0.5000 ± 1.0e-09 (n=2)"),
        (Metric(value=7), "7"),
        (Metric(value=0.25, step=9), "0.2500 at step 9"),
    ],
)
def test_a_metric_has_its_spread_with_two_digits_and_its_count(given: Metric, shown: str) -> None:
    assert metric(given) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0004, "0.4 ms"),
        (0.42, "0.42 s"),
        (9.9, "9.9 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3720, "1 h 02 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_has_its_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_running_time_keeps_its_width_within_an_hour() -> None:
    assert [clock_face(seconds) for seconds in (0, 42.9, 605, 3723)] == ["0:00", "0:42", "10:05", "1:02:03"]


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5, minutes=50), "5 h ago"),
        (timedelta(days=2), "2 d ago"),
    ],
)
def test_times_are_told_as_how_long_ago(passed: timedelta, shown: str) -> None:
    assert ago(NOON, NOON + passed) == shown
    assert ago(None) == ""


def test_long_ago_is_a_date() -> None:
    assert ago(NOON, NOON + timedelta(days=60)).startswith("2026-03-0")


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (4300, "4.3 kB"),
        (5.6e9, "5.6 GB"),
        (5e12, "5000 GB"),
    ],
)
def test_a_size_has_two_digits_or_three(count: float, shown: str) -> None:
    assert size(count) == shown


def test_a_digest_is_shown_by_its_first_eight_characters() -> None:
    assert short("sha256:0123456789abcdef") == "01234567"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, "none"),
        (True, "true"),
        (0.1, "0.1"),
        ("a b", "a b"),
        ("", "''"),
        ("a\nb", r"'a\nb'"),
        (["ä", 1], '["ä", 1]'),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_value_is_one_line(given: object, shown: str) -> None:
    assert value(given) == shown


def test_assignments_are_cut_where_they_are_too_long() -> None:
    assert assignments({"a": 1, "b": "x"}) == "a=1 b=x"
    assert len(assignments({f"name{index}": index for index in range(50)})) == 60
