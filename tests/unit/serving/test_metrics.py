"""Prometheus' text format, as its own parser reads it."""

from gristmill.serving.metrics import Metrics, counter, gauge


def test_requests_are_counted_by_route_and_status() -> None:
    metrics = Metrics()
    metrics.done("invocations", 200, 0.004)
    metrics.done("invocations", 200, 0.2)
    metrics.done("invocations", 400, 0.0001)
    lines = metrics.text([]).splitlines()
    assert 'gristmill_requests_total{route="invocations",status="200"} 2' in lines
    assert 'gristmill_requests_total{route="invocations",status="400"} 1' in lines


def test_a_histogram_is_cumulative_and_ends_with_everything() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.004, 99.0):
        metrics.done("invocations", 200, seconds)
    lines = metrics.text([]).splitlines()
    assert 'gristmill_request_seconds_bucket{route="invocations",le="0.0005"} 1' in lines
    assert 'gristmill_request_seconds_bucket{route="invocations",le="0.005"} 2' in lines
    assert 'gristmill_request_seconds_bucket{route="invocations",le="+Inf"} 3' in lines
    assert 'gristmill_request_seconds_count{route="invocations"} 3' in lines


def test_the_text_is_what_prometheus_parses() -> None:
    from prometheus_client.parser import text_string_to_metric_families

    metrics = Metrics()
    metrics.done("invocations", 200, 0.004)
    more = [
        *gauge("gristmill_model_info", "The model.", 1, (("model", 'a "quoted"\nname\\'),)),
        *counter("gristmill_model_seconds_total", "Time.", 0.25),
    ]
    families = {family.name: family for family in text_string_to_metric_families(metrics.text(more))}
    assert families["gristmill_model_info"].samples[0].labels == {"model": 'a "quoted"\nname\\'}
    assert families["gristmill_model_seconds"].samples[0].value == 0.25
    assert families["gristmill_requests"].samples[0].value == 1
