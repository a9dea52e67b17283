"""Every route without a token, with a wrong one, with one that lacks the scope, and with another attempt's."""

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gristmill.core import tokens
from gristmill.core.database import Database
from gristmill.core.scopes import PART_OF, ROLES, SUPERVISOR_SCOPES, WORKER_SCOPES, ActorKind, Role, Scope
from tests.unit.conftest import TestClock

PUBLIC = {"/api/instance", "/open/{code}"}
PEOPLES = {
    *(Scope.READ, Scope.PROFILES_READ, Scope.RUNS_WRITE, Scope.MODELS_WRITE, Scope.ENDPOINTS_WRITE, Scope.ADMIN),
    *(Scope.SECRETS_READ, Scope.SECRETS_WRITE),
}
BODIES: dict[str, Any] = {
    "/api/runs": {"snapshot": "x"},
    "/api/open": {"path": "/mlflow/"},
    "/api/environments": {"name": "x", "kind": "kernel", "source": "python3"},
    "/api/secrets/{name}": {"value": "a-value"},
    "/api/blobs/missing": {"digests": []},
    "/api/snapshots": {"notebook": "a.ipynb", "files": []},
    "/api/models/{name}/versions": {"run": "1"},
    "/api/endpoints/{name}": {"model": "m", "version": "1"},
    "/api/endpoints/{name}/observed": {"generation": 1, "state": "ready"},
    "/api/attempts/{attempt}/claim": {"nonce": "x"},
    "/api/attempts/{attempt}/events": {"events": []},
}


@pytest.fixture
def http(app: FastAPI) -> httpx.AsyncClient:
    # Not entered: the control loop stays off.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def token(
    db: Database,
    clock: TestClock,
    scopes: frozenset[Scope],
    subject: str | None = None,
    kind: ActorKind = ActorKind.SERVICE,
) -> str:
    with db.write() as tx:
        return tokens.issue(
            tx,
            project_id="default",
            kind=kind,
            name="robot",
            scopes=scopes,
            now=clock.now(),
            subject=subject,
        )


def routes(document: dict[str, Any]) -> list[tuple[str, str, set[str]]]:
    return [
        (method.upper(), path, {scope for entry in found.get("security", ()) for scope in entry["bearer"]})
        for path, methods in document["paths"].items()
        if path not in PUBLIC
        for method, found in methods.items()
    ]


async def ask(http: httpx.AsyncClient, method: str, path: str, credentials: str | None) -> int:
    headers = {"Authorization": f"Bearer {credentials}"} if credentials else {}
    url = re.sub(r"\{[^}]+\}", "sha256:" + "0" * 64, path)
    response = await http.request(method, url, json=BODIES.get(path), headers=headers)
    if response.status_code >= 400:
        assert response.json()["code"], url
    return response.status_code


async def test_no_route_answers_without_a_valid_token(document: dict[str, Any], http: httpx.AsyncClient) -> None:
    assert len(routes(document)) > 30
    for method, path, _ in routes(document):
        assert await ask(http, method, path, None) == 401, f"{method} {path}"
        assert await ask(http, method, path, "gm_p_made-up") == 401, f"{method} {path}"


async def test_no_route_answers_a_token_that_lacks_its_scope(
    document: dict[str, Any], http: httpx.AsyncClient, db: Database, clock: TestClock
) -> None:
    for method, path, needed in routes(document):
        scopes = {Scope(scope) for scope in needed}
        lacking = token(db, clock, frozenset(Scope) - scopes - {PART_OF.get(scope) for scope in scopes})
        assert await ask(http, method, path, lacking) == 403, f"{method} {path}"


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_what_the_page_says_and_nothing_else(
    document: dict[str, Any], http: httpx.AsyncClient, db: Database, clock: TestClock, role: Role
) -> None:
    """The page of docs/reference/access.md is written from the same routes and roles."""
    held = token(db, clock, ROLES[role], kind=ActorKind.PERSON)
    for method, path, needed in routes(document):
        if path in {"/api/server/stop", "/api/events/stream"}:
            continue  # who may stops it; who may listens for ever
        may = needed <= {str(scope) for scope in ROLES[role]}
        assert (await ask(http, method, path, held) != 403) is may, f"{method} {path}"


async def test_a_cookie_opens_nothing_below_api(http: httpx.AsyncClient, db: Database, clock: TestClock) -> None:
    valid = token(db, clock, frozenset(Scope))
    http.cookies.set("gristmill", valid)
    assert (await http.get("/api/runs")).status_code == 401


@pytest.mark.parametrize("route", ["claim", "events"])
async def test_another_attempts_token_is_refused(
    http: httpx.AsyncClient, db: Database, clock: TestClock, route: str
) -> None:
    stranger = token(db, clock, WORKER_SCOPES, subject="attempt_other")
    body = BODIES[f"/api/attempts/{{attempt}}/{route}"]
    headers = {"Authorization": f"Bearer {stranger}"}
    response = await http.post(f"/api/attempts/attempt_mine/{route}", json=body, headers=headers)
    assert response.status_code == 403


async def test_workers_and_supervisors_reach_nothing_that_is_peoples(
    document: dict[str, Any], http: httpx.AsyncClient, db: Database, clock: TestClock
) -> None:
    for scopes in (WORKER_SCOPES, SUPERVISOR_SCOPES):
        bound = token(db, clock, scopes, subject="attempt_mine")
        for method, path, needed in routes(document):
            if needed & PEOPLES:
                assert await ask(http, method, path, bound) == 403, f"{method} {path}"


async def test_a_foreign_host_header_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/runs", headers={"Host": "evil.example"})).status_code == 400


async def test_a_body_that_is_too_large_is_refused(http: httpx.AsyncClient, db: Database, clock: TestClock) -> None:
    headers = {"Authorization": f"Bearer {token(db, clock, frozenset(Scope))}"}
    response = await http.post("/api/runs", content=b" " * 5_000_000, headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", ["", "nonsense", "[]", "{}", '{"snapshot": 1}', '{"snapshot": "x", "colour": "red"}'])
async def test_a_malformed_body_is_the_callers_fault(
    http: httpx.AsyncClient, db: Database, clock: TestClock, body: str
) -> None:
    headers = {"Authorization": f"Bearer {token(db, clock, frozenset(Scope))}", "Content-Type": "application/json"}
    response = await http.post("/api/runs", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["faults"]
