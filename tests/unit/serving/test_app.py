"""The application: routes, keys, hosts, limits, malformed bodies, and what counts as whose fault."""

import asyncio
import hashlib
import threading
from typing import Any

import numpy as np
import pytest

from gristmill.serving.app import EndpointApp
from tests.serving_kit.endpoint import ask, desired
from tests.serving_kit.functions import app_by

GOOD = {"dataframe_records": [{"minutes": 1.5, "calls": 2, "state": "KS"}]}


def minutes(frame: Any) -> Any:
    return frame["minutes"].to_numpy()


async def test_a_request_is_answered_with_the_variant_and_the_model_that_answered() -> None:
    answer = await ask(app_by(minutes), "POST", "/invocations", GOOD)
    assert (answer.status, answer.json) == (200, {"predictions": [1.5]})
    assert answer.headers["x-gristmill-variant"] == "main"
    assert answer.headers["x-gristmill-model"] == "churn/3"
    assert answer.headers["content-type"] == "application/json"


async def test_a_body_may_come_in_pieces() -> None:
    assert (await ask(app_by(minutes), "POST", "/invocations", GOOD, chunks=7)).status == 200


MALFORMED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "not JSON"),
    ("half an object", b'{"dataframe_records": [', "not JSON"),
    ("two values", b"{} {}", "not JSON"),
    ("no UTF-8", b'{"inputs": "\xff\xfe"}', "not JSON"),
    ("a lone surrogate", b'{"inputs": "\\ud800"}', "not JSON"),
    ("a zero byte", b"\x00", "not JSON"),
    ("deep nesting", b"[" * 100_000, "not JSON"),
    ("deep nesting with NaN", b"[" * 100_000 + b"NaN", "not JSON"),
    ("a string", b'"x"', "JSON string"),
    ("null", b"null", "JSON null"),
    ("a number", b"5", "JSON integer"),
    ("an array", b"[1, 2]", "JSON array"),
    ("an empty object", b"{}", "exactly one of"),
    ("an unknown form", b'{"rows": [1]}', "exactly one of"),
    ("a chat body", b'{"messages": []}', "exactly one of"),
    ("two forms", b'{"inputs": [1], "instances": [1]}', "exactly one of"),
    ("a form of null", b'{"inputs": null}', "inputs"),
    ("a huge number", b'{"dataframe_records": [{"minutes": 1, "calls": 1e999, "state": "x"}]}', "column 'calls'"),
    (
        "a huge integer",
        b'{"dataframe_records": [{"minutes": 1, "calls": 99999999999999999999, "state": "x"}]}',
        "calls",
    ),
    ("records in records", b'{"dataframe_records": [[{"minutes": 1}]]}', "row 0"),
    ("a number as a key", b'{"dataframe_split": {"columns": [1, 2, 3], "data": [[1, 2, 3]]}}', "missing"),
    ("null as columns", b'{"dataframe_split": {"columns": null, "data": [[1, 2, 3]]}}', "columns"),
    ("null as a row", b'{"dataframe_split": {"columns": ["minutes", "calls", "state"], "data": [null]}}', "row 0"),
]


@pytest.mark.parametrize(("what", "body", "message"), MALFORMED, ids=[what for what, *_ in MALFORMED])
async def test_a_malformed_body_is_the_callers_fault_and_says_what_is_wrong(
    what: str, body: bytes, message: str
) -> None:
    answer = await ask(app_by(minutes), "POST", "/invocations", body)
    assert answer.status == 400
    assert message in answer.json["error"]
    assert answer.json["message"] == answer.json["error"]
    assert answer.json["error_code"] == "BAD_REQUEST"


async def test_a_fault_carries_row_column_got_and_expected() -> None:
    body = {"dataframe_records": [{**GOOD["dataframe_records"][0], "calls": 1.5}]}
    answer = await ask(app_by(minutes), "POST", "/invocations", body)
    assert answer.json["faults"] == [
        {
            "where": "row 0, column 'calls'",
            "message": "expected an integer, got 1.5 (number)",
            "got": "1.5",
            "expected": "an integer",
            "hint": None,
        }
    ]


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_a_body_of_another_type_is_not_guessed_at(content_type: str | None) -> None:
    """A page elsewhere can make a browser send such bodies without asking."""
    answer = await ask(app_by(minutes), "POST", "/invocations", GOOD, content_type=content_type)
    assert answer.status == 415
    assert "application/json" in answer.json["error"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
async def test_utf8_may_be_named(content_type: str) -> None:
    assert (await ask(app_by(minutes), "POST", "/invocations", GOOD, content_type=content_type)).status == 200


async def test_an_encoded_body_is_refused() -> None:
    answer = await ask(app_by(minutes), "POST", "/invocations", GOOD, headers={"content-encoding": "gzip"})
    assert answer.status == 415


@pytest.mark.parametrize("error", [ValueError("negative"), TypeError("no"), KeyError("x"), IndexError("y")])
async def test_a_value_that_the_model_refuses_is_the_callers_fault(error: Exception) -> None:
    def refuse(_frame: Any) -> Any:
        raise error

    answer = await ask(app_by(refuse), "POST", "/invocations", GOOD)
    assert answer.status == 400
    assert type(error).__name__ in answer.json["error"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), ZeroDivisionError("x"), AssertionError()])
async def test_any_other_failure_is_the_models(error: Exception) -> None:
    def fail(_frame: Any) -> Any:
        raise error

    answer = await ask(app_by(fail), "POST", "/invocations", GOOD)
    assert answer.status == 500
    assert answer.json["error_code"] == "INTERNAL_ERROR"
    assert "Traceback" not in answer.body.decode()


async def test_a_model_that_always_fails_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_frame: Any) -> Any:
        raise RuntimeError("broken")

    app = app_by(fail)
    for _ in range(20):
        assert (await ask(app, "POST", "/invocations", GOOD)).status == 500
    assert 1 <= len(caplog.records) <= 5


async def test_an_answer_that_json_cannot_hold_is_the_models_fault() -> None:
    answer = await ask(app_by(lambda _frame: [object()]), "POST", "/invocations", GOOD)
    assert answer.status == 500


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ping", 200),
        ("GET", "/health", 200),
        ("GET", "/version", 200),
        ("GET", "/metrics", 200),
        ("HEAD", "/health", 200),
        ("GET", "/v2", 200),
        ("GET", "/v2/", 200),
        ("GET", "/v2/health/live", 200),
        ("GET", "/v2/health/ready", 200),
        ("GET", "/v2/models/churn", 200),
        ("GET", "/v2/models/churn/ready", 200),
        ("GET", "/v2/models/churn/versions/3", 200),
        ("GET", "/v2/models/churn/versions/3/ready", 200),
        ("GET", "/v2/models/churn/versions/4", 404),
        ("GET", "/v2/models/other", 404),
        ("GET", "/", 404),
        ("GET", "/invocations", 405),
        ("OPTIONS", "/invocations", 405),
        ("POST", "/health", 405),
        ("GET", "/v2/models/churn/infer", 405),
        ("POST", "/%2e%2e/etc/passwd", 404),
    ],
)
async def test_routes(method: str, path: str, status: int) -> None:
    assert (await ask(app_by(minutes), method, path)).status == status


KEY = "a-key"
CLOSED = desired(open=False, key_hashes=(hashlib.sha256(KEY.encode()).hexdigest(),))
KEYED = [
    ("POST", "/invocations"),
    ("POST", "/v2/models/churn/infer"),
    ("GET", "/v2/models/churn"),
    ("GET", "/v2/models/churn/ready"),
]


@pytest.mark.parametrize(("method", "path"), KEYED)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}])
async def test_without_its_key_a_route_tells_nothing(method: str, path: str, headers: dict[str, str]) -> None:
    answer = await ask(app_by(minutes, CLOSED), method, path, GOOD, headers=headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json["error_code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(("method", "path"), KEYED)
async def test_with_its_key_a_route_answers(method: str, path: str) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    assert (await ask(app_by(minutes, CLOSED), method, path, GOOD, headers=headers)).status != 401


@pytest.mark.parametrize("path", ["/ping", "/health", "/version", "/metrics", "/v2", "/v2/health/live"])
async def test_health_and_metrics_need_no_key(path: str) -> None:
    assert (await ask(app_by(minutes, CLOSED), "GET", path)).status == 200


@pytest.mark.parametrize("nothing", ["null", "NaN"])
async def test_a_missing_value_that_the_model_does_not_take_is_named(nothing: str) -> None:
    def refuse(_frame: Any) -> Any:
        raise ValueError("Input X contains NaN")

    rows = f'{{"minutes": 1, "calls": 2, "state": "KS"}}, {{"minutes": {nothing}, "calls": 2, "state": null}}'
    body = f'{{"dataframe_records": [{rows}]}}'.encode()
    answer = await ask(app_by(refuse), "POST", "/invocations", body)
    assert answer.status == 400
    assert "contains NaN; a value is missing at row 1, column 'minutes' (and 1 more)" in answer.json["error"]
    assert [fault["where"] for fault in answer.json["faults"]] == ["row 1, column 'minutes'", "row 1, column 'state'"]


async def test_a_foreign_host_name_is_refused_before_anything_else() -> None:
    answer = await ask(app_by(minutes), "POST", "/invocations", GOOD, headers={"host": "evil.example:80"})
    assert answer.status == 403


async def test_a_body_over_the_limit_is_refused_by_what_it_says_and_by_what_it_is() -> None:
    app = app_by(minutes, body_limit=100)
    said = await ask(app, "POST", "/invocations", b"{}", headers={"content-length": "101"})
    sent = await ask(app, "POST", "/invocations", b"x" * 101, headers={"content-length": ""}, chunks=3)
    assert (said.status, sent.status) == (413, 413)
    assert "at most 100" in said.json["error"]


async def test_too_many_waiting_requests_are_told_to_come_again() -> None:
    free, entered = threading.Event(), threading.Event()

    def slow(frame: Any) -> Any:
        entered.set()
        free.wait(30)
        return np.zeros(len(frame))

    app = app_by(slow)
    app.batcher._most_waiting = 1
    first = asyncio.ensure_future(ask(app, "POST", "/invocations", GOOD))
    await asyncio.to_thread(entered.wait, 30)
    second = asyncio.ensure_future(ask(app, "POST", "/invocations", GOOD))
    while not app.batcher.waiting:  # noqa: ASYNC110 - a queue between threads
        await asyncio.sleep(0)
    third = await ask(app, "POST", "/invocations", GOOD)
    free.set()
    assert third.status == 503
    assert third.headers["retry-after"] == "1"
    assert third.json["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert [answer.status for answer in await asyncio.gather(first, second)] == [200, 200]


async def test_a_draining_endpoint_answers_and_closes_and_says_not_ready() -> None:
    app = app_by(minutes)
    app.drain()
    answer = await ask(app, "POST", "/invocations", GOOD)
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert (await ask(app, "GET", "/health")).status == 503
    assert (await ask(app, "GET", "/v2/health/ready")).json == {"ready": False}
    assert (await ask(app, "GET", "/v2/health/live")).status == 200


async def test_metrics_count_what_was_answered() -> None:
    app = app_by(minutes)
    two = {"dataframe_records": GOOD["dataframe_records"] * 2}
    for body in (GOOD, two, {}):
        await ask(app, "POST", "/invocations", body)
    await ask(app, "GET", "/nowhere")
    text = (await ask(app, "GET", "/metrics")).body.decode().splitlines()
    assert 'gristmill_requests_total{route="invocations",status="200"} 2' in text
    assert 'gristmill_requests_total{route="invocations",status="400"} 1' in text
    assert 'gristmill_requests_total{route="other",status="404"} 1' in text
    assert "gristmill_predictions_total 2" in text
    assert "gristmill_rows_total 3" in text
    assert "gristmill_in_flight 1" in text
    assert "gristmill_queue_length 0" in text
    info = 'endpoint="churn",generation="1",variant="main",model="churn",version="3",tier="native"'
    assert f"gristmill_model_info{{{info}}} 1" in text


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_request() -> None:
    app: EndpointApp = app_by(minutes)
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(_message: Any) -> None:
        raise AssertionError("nobody is there")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/invocations",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    assert app.metrics.in_flight == 0
    assert not app.metrics.requests.values
