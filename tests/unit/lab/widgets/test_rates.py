from datetime import UTC, datetime, timedelta

import pytest
from gristmill_lab.widgets.rates import kept, quantile, rates

from gristmill.endpoints.model import Traffic

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def traffic(second: int, *counts: int) -> Traffic:
    return Traffic(
        time=BEGIN + timedelta(seconds=second),
        generation=1,
        requests=sum(counts),
        refused=0,
        failed=0,
        in_flight=0,
        bounds=(0.01, 0.02),
        counts=counts,
    )


def test_two_looks_make_a_rate_and_a_histogram_its_quantiles() -> None:
    samples = (traffic(0), traffic(2, 4, 0, 0), traffic(4, 8, 2, 0))
    found = rates(samples)
    assert found.per_second == pytest.approx(2.5)
    assert found.history == pytest.approx((2.0, 3.0))
    assert found.p50 == pytest.approx(0.00625)
    assert found.p99 == pytest.approx(0.0195)
    assert rates(()).per_second is None


def test_another_worker_counts_from_nothing() -> None:
    assert kept((traffic(0, 5, 0, 0),), traffic(2, 1, 0, 0)) == (traffic(2, 1, 0, 0),)


def test_above_the_last_bound_a_quantile_is_that_bound() -> None:
    assert quantile((0.01, 0.02), (0, 0, 3), 0.5) == 0.02
    assert quantile((0.01, 0.02), (), 0.5) is None
