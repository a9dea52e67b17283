"""What an endpoint has answered, read from the metrics that its worker shows to everybody of this machine."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import httpx

from gristmill.core.errors import UnavailableError
from gristmill.core.tls import trust_for
from gristmill.endpoints.model import Caller, Endpoint, KeyEntry, Traffic

TIMEOUT = httpx.Timeout(1.0)
PREDICTING = ("invocations", "v2_infer")
# https://prometheus.io/docs/instrumenting/exposition_formats/, as far as a worker writes it.
_LINE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float


def fetch(endpoint: Endpoint) -> str:
    """The worker's metrics.

    Raises:
        UnavailableError: it does not answer within a second.
    """
    try:
        answer = httpx.get(f"{endpoint.url}/metrics", timeout=TIMEOUT, trust_env=False, verify=trust_for(endpoint.url))
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise UnavailableError(
            f"endpoint {endpoint.name} does not say what it answers: {type(error).__name__}",
            hint="Its log says more: it may be starting, or busy.",
        ) from error
    return answer.text


def traffic_of(text: str, keys: Iterable[KeyEntry], now: datetime) -> Traffic:
    """What the metrics in `text` come to; `keys` are those of the endpoint that are known by name."""
    samples = list(_samples(text))
    predicting = [one for one in samples if one.labels.get("route") in PREDICTING]
    answered = [one for one in predicting if one.name == "gristmill_requests_total"]
    bounds, counts = _histogram(one for one in predicting if one.name == "gristmill_request_seconds_bucket")
    return Traffic(
        time=now,
        generation=_generation(samples),
        requests=_sum(answered),
        refused=_sum(one for one in answered if one.labels["status"].startswith("4")),
        failed=_sum(one for one in answered if one.labels["status"].startswith("5")),
        in_flight=_sum(one for one in samples if one.name == "gristmill_in_flight"),
        bounds=bounds,
        counts=counts,
        callers=tuple(_callers(samples, {key.id: key for key in keys})),
    )


def _samples(text: str) -> Iterator[Sample]:
    for line in text.splitlines():
        found = None if line.startswith("#") else _LINE.fullmatch(line)
        if found is not None:
            labels = dict(_LABEL.findall(found[2] or ""))
            yield Sample(found[1], labels, float(found[3]))


def _sum(samples: Iterable[Sample]) -> int:
    return round(sum(one.value for one in samples))


def _generation(samples: Iterable[Sample]) -> int:
    return next((int(one.labels["generation"]) for one in samples if one.name == "gristmill_model_info"), 0)


def _histogram(samples: Iterable[Sample]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Prometheus' buckets hold what the smaller ones hold too: here each counts its own alone."""
    upto: Counter[float] = Counter()
    for one in samples:
        upto[float(one.labels["le"])] += round(one.value)
    bounds = sorted(upto)
    counts = [upto[bound] - (upto[bounds[place - 1]] if place else 0) for place, bound in enumerate(bounds)]
    return tuple(bounds[:-1]), tuple(counts)


def _callers(samples: Iterable[Sample], keys: dict[str, KeyEntry]) -> Iterator[Caller]:
    """Who called last comes first."""
    requests: dict[str, int] = {}
    last: dict[str, float] = {}
    for one in samples:
        if one.name == "gristmill_key_requests_total":
            requests[one.labels["key"]] = round(one.value)
        elif one.name == "gristmill_key_last_request_time_seconds":
            last[one.labels["key"]] = one.value
    for key, at in sorted(last.items(), key=lambda item: -item[1]):
        known = keys.get(key)
        yield Caller(
            key=key,
            requests=requests.get(key, 0),
            last_at=datetime.fromtimestamp(at, UTC),
            name=known.name if known else None,
            created_by=known.created_by if known else None,
        )
