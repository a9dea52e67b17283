"""Text that is no Unicode is refused where it comes in, whatever it was meant for."""

import json

import httpx
import pytest
from fastapi import FastAPI

from gristmill.core import tokens
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.scopes import ActorKind, Scope
from gristmill.server.plain_text import check
from tests.unit.conftest import TestClock

LONE = "\ud800"


@pytest.fixture
def http(app: FastAPI, db: Database, clock: TestClock) -> httpx.AsyncClient:
    with db.write() as tx:
        token = tokens.issue(
            tx,
            project_id="default",
            kind=ActorKind.PERSON,
            name="ada",
            scopes=frozenset(Scope),
            now=clock.now(),
        )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "body", "where"),
    [
        ("POST", "/api/runs", {"snapshot": LONE}, "snapshot"),
        ("POST", "/api/runs", {"snapshot": "s", "kernel": LONE}, "kernel"),
        ("POST", "/api/runs", {"snapshot": "s", "environment": LONE}, "environment"),
        ("POST", "/api/runs", {"snapshot": "s", "labels": {"team": LONE}}, "labels.team"),
        ("POST", "/api/runs", {"snapshot": "s", "labels": {LONE: "a"}}, "labels"),
        ("POST", "/api/runs", {"snapshot": 1, "priority": LONE}, "priority"),
        ("POST", "/api/runs", {"snapshot": "s", "name": "a\0b"}, "name"),
        (
            "POST",
            "/api/snapshots",
            {"notebook": "a", "files": [{"path": LONE, "digest": "d", "size": 1}]},
            "files.0.path",
        ),
        ("POST", "/api/models/m/versions", {"run": LONE}, "run"),
        ("POST", "/api/models/m/versions", {"run": "1", "description": LONE}, "description"),
        ("PUT", "/api/endpoints/e", {"model": LONE, "version": "1"}, "model"),
        ("POST", "/api/environments", {"name": "e", "kind": "kernel", "source": LONE}, "source"),
        ("PUT", "/api/secrets/S", {"value": f"a-value{LONE}"}, "value"),
    ],
)
async def test_the_field_with_it_is_named(
    http: httpx.AsyncClient, method: str, path: str, body: object, where: str
) -> None:
    response = await http.request(method, path, content=json.dumps(body))
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert [fault["where"] for fault in response.json()["faults"]] == [where]
    assert "U+" in response.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"snapshot": LONE}).encode(),
        b'{"snapshot": "\xed\xa0\x80"}',  # as bytes
        json.dumps({"snapshot": LONE}).encode("utf-16"),
        json.dumps({"snapshot": LONE}).encode("utf-32"),
    ],
)
async def test_however_it_is_encoded(http: httpx.AsyncClient, body: bytes) -> None:
    response = await http.post("/api/runs", content=body)
    assert (response.status_code, response.json()["faults"][0]["where"]) == (400, "snapshot")


@pytest.mark.parametrize("text", ["\U0001f600", "\\ud800", "\\u0000", "퟿"])
async def test_other_text_is_taken(http: httpx.AsyncClient, text: str) -> None:
    for body in (json.dumps({"snapshot": text}), json.dumps({"snapshot": text}, ensure_ascii=False)):
        response = await http.post("/api/runs", content=body.encode())
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_what_a_notebook_has_printed_may_have_a_zero_and_no_surrogate() -> None:
    check(b'{"events": [{"data": {"tail": "a\\u0000b"}}]}', printed=True)
    with pytest.raises(InvalidInputError, match=r"events.0.data.tail: U\+DFFF"):
        check(b'{"events": [{"data": {"tail": "a\\udfff"}}]}', printed=True)


def test_what_is_no_json_is_left_to_who_reads_it() -> None:
    for body in (b"", b"\\ud800", b"[" * 100_000 + b"\\ud800", b"\x00\xff"):
        check(body)


async def test_a_body_whose_length_nobody_announced_is_limited_too(http: httpx.AsyncClient) -> None:
    async def chunks() -> object:
        for _ in range(50):
            yield b" " * 100_000

    response = await http.post("/api/runs", content=chunks())  # type: ignore[arg-type]  # httpx takes it
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


async def test_a_fault_of_our_own_is_a_problem_too_and_tells_nothing(app: FastAPI, http: httpx.AsyncClient) -> None:
    @app.get("/api/faulty")
    def faulty() -> None:
        raise RuntimeError("a secret")

    response = await http.get("/api/faulty")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "internal"
    assert "secret" not in response.text
