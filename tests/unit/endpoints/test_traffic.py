"""What a worker's metrics come to: rates and percentiles are made of it, and who called lately."""

from datetime import UTC, datetime

from gristmill.endpoints.model import KeyEntry
from gristmill.endpoints.traffic import traffic_of
from gristmill.serving.metrics import SECONDS, Metrics, gauge

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = KeyEntry(id="key_ab", endpoint="churn", name="dashboard", created_by="ada", created_at=NOW)


def text(metrics: Metrics) -> str:
    """As a worker of generation 7 writes it, for a model with a name that needs escaping."""
    labels = (("generation", "7"), ("model", 'a "b"'))
    return metrics.text(
        [*gauge("gristmill_in_flight", "Now.", 2), *gauge("gristmill_model_info", "The model.", 1, labels)]
    )


def test_only_predictions_count() -> None:
    metrics = Metrics()
    metrics.done("health", 200, 0.001)
    metrics.done("invocations", 200, 0.001)
    metrics.done("invocations", 400, 0.001)
    metrics.done("v2_infer", 500, 0.001)
    traffic = traffic_of(text(metrics), [], NOW)
    assert (traffic.requests, traffic.refused, traffic.failed, traffic.in_flight) == (3, 1, 1, 2)
    assert (traffic.generation, traffic.time) == (7, NOW)


def test_each_bucket_counts_its_own_and_the_last_what_is_above_them_all() -> None:
    metrics = Metrics()
    for seconds in (0.0004, 0.004, 0.0041, 99.0):
        metrics.done("invocations", 200, seconds)
    metrics.done("v2_infer", 200, 0.0004)
    traffic = traffic_of(text(metrics), [], NOW)
    assert traffic.bounds == SECONDS
    assert len(traffic.counts) == len(SECONDS) + 1
    assert {bound: count for bound, count in zip((*SECONDS, None), traffic.counts, strict=True) if count} == {
        0.0005: 2,
        0.005: 2,
        None: 1,
    }


def test_callers_are_named_by_their_keys_and_who_came_last_is_first() -> None:
    metrics = Metrics()
    metrics.came_with("key_gone", 1_700_000_000.25)
    metrics.came_with("key_ab", 1_700_000_100.0)
    metrics.came_with("key_ab", 1_700_000_200.0)
    first, second = traffic_of(text(metrics), [KEY], NOW).callers
    assert (first.name, first.created_by, first.requests) == ("dashboard", "ada", 2)
    assert first.last_at == datetime.fromtimestamp(1_700_000_200, UTC)
    assert (second.key, second.name, second.requests) == ("key_gone", None, 1)


def test_an_endpoint_that_was_never_called_has_no_buckets() -> None:
    traffic = traffic_of(text(Metrics()), [], NOW)
    assert (traffic.requests, traffic.bounds, traffic.counts, traffic.callers) == (0, (), (), ())
