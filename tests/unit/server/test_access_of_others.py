"""What one project learns of another one's things: the last column of docs/reference/access.md, route by route."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gristmill.core import tokens
from gristmill.core.database import Database
from gristmill.core.scopes import ROLES, ActorKind, Role
from gristmill.core.settings import Settings
from gristmill.endpoints import store as endpoints
from gristmill.endpoints.gateway import Gateway
from gristmill.endpoints.model import Endpoint, EndpointState, Variant
from gristmill.interactive import store as sessions
from gristmill.interactive.model import InteractiveSession
from gristmill.projects import store as projects
from tests.unit.conftest import TestClock
from tests.unit.server.conftest import make_app
from tools.pages import LEFT_OUT, MADE, NOT_THERE, OF_ALL, of_others, operations, scopes_of

# Asked of MLflow, which does not run here: tests/integration/hub asks for them as a second person.
OF_MLFLOW = re.compile("/api/(models|interactive/runs|open)")
CELL: dict[str, Any] = {
    "cell_type": "code",
    "id": "a",
    "metadata": {},
    "source": "1",
    "outputs": [],
    "execution_count": None,
}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python"}}
NOTEBOOK = json.dumps({"cells": [CELL], "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}).encode()
DIGEST = f"sha256:{sha256(NOTEBOOK).hexdigest()}"
QUERIES = {"/api/forecasts": {"notebook": "a.ipynb"}}


@pytest.fixture
async def http(tmp_path: Path, db: Database, clock: TestClock) -> AsyncIterator[httpx.AsyncClient]:
    app: FastAPI = make_app(tmp_path, db, clock, Settings(home=tmp_path, secrets_vault="encrypted", secrets_key=KEY))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client
    await app.state.services[Gateway].close()


KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def administrator(db: Database, clock: TestClock, project: str) -> dict[str, str]:
    with db.write() as tx:
        projects.ensure(tx, project, clock.now())
        made = tokens.issue(
            tx,
            project_id=project,
            kind=ActorKind.PERSON,
            name=project,
            scopes=ROLES[Role.ADMINISTRATOR],
            now=clock.now(),
        )
    return {"Authorization": f"Bearer {made}"}


async def of_ada(http: httpx.AsyncClient, db: Database, clock: TestClock, ada: dict[str, str]) -> dict[str, str]:
    """One of everything; by what each is called in a path."""

    async def send(method: str, path: str, **body: Any) -> Any:
        answer = await http.request(method, path, headers=ada, **body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    await send("PUT", f"/api/blobs/{DIGEST}", content=NOTEBOOK)
    files = [{"path": "a.ipynb", "digest": DIGEST, "size": len(NOTEBOOK)}]
    snapshot = await send("POST", "/api/snapshots", json={"notebook": "a.ipynb", "files": files})
    run = await send("POST", "/api/runs", json={"snapshot": snapshot["id"], "labels": {"team": "risk"}})
    await send(
        "POST", "/api/data-roots", json={"name": "sales", "source": "https://example.org/sales.csv", "at": "sales.csv"}
    )
    await send("POST", "/api/environments", json={"name": "light", "kind": "kernel", "source": "python3"})
    await send("PUT", "/api/secrets/TOKEN", json={"value": "of-ada-alone"})
    served = Endpoint(
        id="endpoint_01k3x4m5n6p7q8r9s0t1v2w3x4",
        project_id="ada",
        name="churn",
        target="dev",
        url="http://127.0.0.1:9",
        port=9,
        generation=1,
        open=False,
        state=EndpointState.READY,
        variants=(Variant(name="main", model="churn", version="1", artifact_path="1/m", profile="small"),),
        created_by="ada",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    tried = replace(served, id="endpoint_01k3x4m5n6p7q8r9s0t1v2w3x5", name="try-out-1", port=10)
    session = InteractiveSession(
        id="session_1",
        project_id="ada",
        notebook="a.ipynb",
        experiment="ada/a.ipynb",
        experiment_id="1",
        created_by="ada",
        created_at=clock.now(),
        seen_at=clock.now(),
    )
    with db.write() as tx:
        endpoints.insert(tx, served)
        endpoints.insert(tx, replace(tried, expires_at=clock.now() + timedelta(minutes=5)))
        sessions.insert(tx, session)
    key = await send("POST", "/api/endpoints/churn/keys", json={"name": "dashboard"})
    return {
        "/runs/{run}": run["id"],
        "/kernels/{kernel}": run["id"],
        "/outputs/{name}": "out.txt",
        "/snapshots/{snapshot}": snapshot["id"],
        "/blobs/{digest}": DIGEST,
        "/data-roots/{name}": "sales",
        "/environments/{name}": "light",
        "/secrets/{name}": "TOKEN",
        "/endpoints/{name}": "churn",
        "/keys/{key}": key["id"],
        "/models/{model}": "churn",
        "/try-outs/{try_out}": tried.id,
        "/interactive/{session}": session.id,
    }


def filled(path: str, things: dict[str, str]) -> str:
    for part, name in things.items():
        path = path.replace(part, f"{part.partition('{')[0]}{name}")
    assert "{" not in path, f"nothing of ada's is known for {path}"
    return path


def peoples(*said: str) -> list[tuple[str, str]]:
    """Routes with these words in the last column."""
    roles = {str(scope) for scope in ROLES[Role.ADMINISTRATOR]}
    return [
        (method, path)
        for method, path, operation in operations()
        if set(scopes_of(operation)) & roles and of_others(method, path) in said and not OF_MLFLOW.match(path)
    ]


async def test_what_is_named_is_not_there_for_whoever_is_not_in_its_project(
    http: httpx.AsyncClient, db: Database, clock: TestClock
) -> None:
    ada, bob = administrator(db, clock, "ada"), administrator(db, clock, "bob")
    things = await of_ada(http, db, clock, ada)
    asked = peoples(NOT_THERE)
    assert len(asked) > 30
    bodies = {"/api/runs/{run}": {"name": "mine"}}
    for method, path in asked:
        body = bodies.get(path) if method == "PATCH" else None
        answer = await http.request(method, filled(path, things), headers=bob, json=body)
        assert answer.status_code == 404, f"{method} {path}: {answer.text}"
        assert "ada" not in answer.text.replace(things["/runs/{run}"], ""), answer.text
    by_id = ("/runs/{run}", "/snapshots/{snapshot}", "/blobs/{digest}", "/try-outs/{try_out}")
    for part in (*by_id, "/data-roots/{name}", "/environments/{name}", "/endpoints/{name}"):
        answer = await http.get(filled(f"/api{part}", things), headers=ada)
        assert answer.is_success, f"{part} is there, whatever bob has tried: {answer.text}"


async def test_lists_and_counts_are_as_if_the_other_project_had_nothing(
    http: httpx.AsyncClient, db: Database, clock: TestClock
) -> None:
    ada, bob = administrator(db, clock, "ada"), administrator(db, clock, "bob")
    lists = [path for _, path in peoples(LEFT_OUT) if path != "/api/events/stream"]  # that one never ends
    assert len(lists) > 10

    async def seen(headers: dict[str, str]) -> dict[str, Any]:
        return {path: (await http.get(path, headers=headers, params=QUERIES.get(path))).json() for path in lists}

    before = await seen(bob)
    await of_ada(http, db, clock, ada)
    assert await seen(bob) == before
    theirs = await seen(ada)
    assert {path for path in lists if theirs[path] == before[path]} <= {"/api/kernels", "/api/ledger", "/api/forecasts"}


async def test_what_is_made_is_ones_own_and_of_ones_own(
    http: httpx.AsyncClient, db: Database, clock: TestClock
) -> None:
    ada, bob = administrator(db, clock, "ada"), administrator(db, clock, "bob")
    things = await of_ada(http, db, clock, ada)
    refused: dict[str, Any] = {
        "/api/runs": {"snapshot": things["/snapshots/{snapshot}"]},
        "/api/blobs/read": {"digests": [DIGEST]},
        "/api/environments/check": {"environment": "light"},
    }
    assert refused.keys() <= {path for _, path in peoples(MADE)}
    for path, body in refused.items():
        answer = await http.post(path, json=body, headers=bob)
        assert answer.status_code == 404, f"{path}: {answer.text}"
        assert (await http.post(path, json=body, headers=ada)).is_success, path
    lacking = await http.post("/api/blobs/missing", json={"digests": [DIGEST]}, headers=bob)
    assert lacking.json() == {"digests": [DIGEST]}, "that another project has it says nothing"
    assert (await http.put("/api/secrets/TOKEN", json={"value": "of-bob-alone"}, headers=bob)).is_success
    assert (await http.delete("/api/secrets/TOKEN", headers=bob)).is_success
    assert [one["name"] for one in (await http.get("/api/secrets", headers=ada)).json()] == ["TOKEN"]


async def test_what_is_of_all_is_the_same_for_whoever_may_ask(
    http: httpx.AsyncClient, db: Database, clock: TestClock
) -> None:
    ada, bob = administrator(db, clock, "ada"), administrator(db, clock, "bob")
    await of_ada(http, db, clock, ada)
    for method, path in peoples(OF_ALL):
        if method == "GET" and path != "/api/server":  # it names the asker's own runs
            first, second = [(await http.get(path, headers=who)).json() for who in (ada, bob)]
            assert first == second, path
    assert (await http.get("/api/server", headers=bob)).json()["endpoints"] == []
