"""A stand-in for MLflow tells what reached it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from gristmill.core.clock import Clock, SystemClock
from gristmill.core.database import Database, metadata
from gristmill.core.http import Authenticate
from gristmill.core.scopes import PERSON_SCOPES, ActorKind
from gristmill.core.tokens import issue
from gristmill.projects.service import Authentication
from gristmill.projects.store import ensure_default
from gristmill.secrets.masking import Mask
from gristmill.server.opening import Opening
from gristmill.tracking import routes
from gristmill.tracking.address import MlflowAddress, local_address
from gristmill.tracking.exchange import Exchange
from gristmill.tracking.ownership import Ownership
from gristmill.tracking.proxy import MlflowProxy
from tests.waiting import until

CLOCK = SystemClock()
TOLD = [
    (b"x-kept", b"yes"),
    (b"etag", b"1"),
    (b"content-disposition", b"attachment"),
    (b"set-cookie", b"session=1"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-credentials", b"true"),
    (b"location", b"http://elsewhere/"),
    (b"proxy-authenticate", b"Basic"),
]


async def stand_in(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"].endswith("/break"):
        raise RuntimeError("the connection ends here")
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        "body": body.decode(),
    }
    await send({"type": "http.response.start", "status": 202, "headers": TOLD})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[MlflowAddress]:
    address = local_address(tmp_path / "mlflow")
    server = uvicorn.Server(uvicorn.Config(stand_in, uds=str(address.socket), lifespan="off", log_level="critical"))
    serving = asyncio.create_task(server.serve())
    await asyncio.to_thread(until, lambda: server.started)
    yield address
    server.should_exit = True
    await serving


@pytest.fixture
async def person(tmp_path: Path, address: MlflowAddress) -> AsyncIterator[httpx.AsyncClient]:
    db = Database(f"sqlite:///{tmp_path / 'gristmill.db'}")
    metadata.create_all(db.engine)
    with db.write() as tx:
        ensure_default(tx, CLOCK.now())
        token = issue(
            tx, project_id="default", kind=ActorKind.PERSON, name="ada", scopes=PERSON_SCOPES, now=CLOCK.now()
        )
    exchange = Exchange(address)
    app = FastAPI()
    app.include_router(routes.router)
    app.state.services = {
        Authenticate: Authentication(db=db, clock=CLOCK),
        Clock: CLOCK,
        Database: db,
        MlflowProxy: MlflowProxy(
            exchange,
            Ownership(db, CLOCK, lambda _: None),
            artifact_prefixes=lambda _: (),
            masks=lambda _: Mask({}),
        ),
        routes.BrowserSessions: Opening(CLOCK, "server_01k3x4m5n6p7q8r9s0t1v2w3x4"),
    }
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://gristmill.example:8123/mlflow",
        headers={"authorization": f"Bearer {token}"},
    )
    async with client:
        yield client
    await exchange.close()
    db.close()


async def told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


async def test_only_what_mlflow_needs_reaches_it(person: httpx.AsyncClient) -> None:
    headers = {
        "cookie": "gristmill-x=secret",
        "origin": "http://127.0.0.1:8123",
        "referer": "http://127.0.0.1:8123/mlflow/",
        "x-forwarded-for": "10.0.0.1",
        "x-mlflow-workspace": "other",
        "connection": "keep-alive, x-hop",
        "x-hop": "1",
        "te": "trailers",
        "user-agent": "mlflow-python-client/3.17.2",
    }
    answer = await person.post("/api/2.0/mlflow/runs/update", json={"run_id": "a"}, headers=headers)
    seen = await told(answer)
    assert seen["headers"]["host"] == "localhost"
    assert seen["headers"]["user-agent"] == "mlflow-python-client/3.17.2"
    assert seen["body"] == '{"run_id":"a"}'
    sent = set(seen["headers"]) - {"accept", "accept-encoding", "content-length", "content-type", "connection", "host"}
    assert sent == {"user-agent"}
    assert "gm_p" not in answer.text


async def test_only_what_is_meant_for_the_caller_comes_back(person: httpx.AsyncClient) -> None:
    answer = await person.get("/health")
    kept = {name: answer.headers.get(name) for name in ("x-kept", "etag", "content-disposition")}
    assert kept == {"x-kept": "yes", "etag": "1", "content-disposition": "attachment"}
    for name, _ in TOLD[3:]:
        assert name.decode() not in answer.headers


async def test_paths_and_queries_are_sent_as_they_were_understood(person: httpx.AsyncClient) -> None:
    seen = await told(await person.get("/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a%20b%23c.txt?x=%26&y="))
    assert seen["path"] == "/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a%20b%23c.txt"
    assert seen["query"] == "x=%26&y="


async def test_a_get_takes_no_body_along(person: httpx.AsyncClient) -> None:
    seen = await told(await person.request("GET", "/api/2.0/mlflow/runs/get", json={"run_id": "x"}))
    assert seen["body"] == ""
    assert "content-length" not in seen["headers"]


async def test_where_a_location_was_checked_the_checked_body_is_sent(person: httpx.AsyncClient) -> None:
    """Had MLflow's parser another opinion of these bytes, it would have been asked for nothing."""
    twice = b'{"name": "a", "artifact_location": "file:///etc", "artifact_location": "mlflow-artifacts:/x"}'
    seen = await told(await person.post("/api/2.0/mlflow/experiments/create", content=twice))
    assert json.loads(seen["body"]) == {"name": "a", "artifact_location": "mlflow-artifacts:/x"}
    assert seen["body"].count("artifact_location") == 1


async def test_a_broken_answer_is_said_to_be_one(person: httpx.AsyncClient) -> None:
    answer = await person.get("/static-files/break")
    assert answer.status_code in {500, 503}
