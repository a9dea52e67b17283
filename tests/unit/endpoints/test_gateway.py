"""Requests to endpoints by the control plane: who may send them, what goes on and what comes back."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gristmill.core import tokens
from gristmill.core.database import Database
from gristmill.core.scopes import ROLES, SUPERVISOR_SCOPES, Actor, ActorKind, Role, Scope
from gristmill.core.settings import Settings
from gristmill.endpoints import gateway, keys, service, store
from gristmill.endpoints.gateway import GatewayKeys
from gristmill.endpoints.model import Endpoint, EndpointState, KeyRequest, Observed, Variant, key_hash
from gristmill.profiles.model import Catalogue
from gristmill.projects import store as projects
from tests.unit.conftest import TestClock
from tests.unit.server.conftest import make_app
from tests.waiting import until

LIMIT = 100_000
PUBLIC = "https://hub.example.org/services/gristmill"


@dataclass
class Double:
    """Answers as an endpoint does, and remembers what it was sent."""

    port: int = 0
    taken: set[str] = field(default_factory=set)  # keys
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    answer: bytes = b'{"predictions": [20.0]}'
    held: threading.Event | None = None
    read: int = 0  # bytes of bodies, also of one that has not come whole


@pytest.fixture
def double() -> Iterator[Double]:
    found = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.asked.append((self.path, headers, self._body(headers)))
            if found.held is not None:
                found.held.wait()
            known = headers["authorization"].removeprefix("Bearer ") in found.taken
            content = found.answer if known else b'{"error": "this is not one of the endpoint\'s API keys"}'
            self.send_response(found.status if known else 401)
            for name, value in (
                ("Content-Type", "application/json"),
                ("Set-Cookie", "a=b"),
                ("X-Gristmill-Model", "m/1"),
            ):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self, headers: dict[str, str]) -> bytes:
            if "content-length" in headers:
                return self.rfile.read(int(headers["content-length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                found.read += size
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.port = server.server_address[1]
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, max_body_bytes=LIMIT, public_url=PUBLIC)


@pytest.fixture
def app(tmp_path: Path, db: Database, clock: TestClock, settings: Settings) -> FastAPI:
    return make_app(tmp_path, db, clock, settings)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
    await app.state.services[gateway.Gateway].close()


@pytest.fixture
def endpoint(db: Database, clock: TestClock, double: Double, settings: Settings) -> Endpoint:
    """`line`, of the project `default`; it has pulled the gateway's key."""
    made = Endpoint(
        id="endpoint_1",
        project_id="default",
        name="line",
        target="dev",
        url=f"http://127.0.0.1:{double.port}",
        port=double.port,
        generation=3,
        open=False,
        state=EndpointState.READY,
        variants=(Variant(name="main", model="line", version="1", artifact_path="1/m", profile="small"),),
        created_by="ada",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    with db.write() as tx:
        store.insert(tx, made)
        store.put_observed(tx, made.id, Observed(generation=3, state=EndpointState.READY))
    double.taken.add(GatewayKeys(settings.gateway_secret).of(made.id))
    return made


def token(db: Database, clock: TestClock, *scopes: Scope, project: str = "default") -> dict[str, str]:
    with db.write() as tx:
        made = tokens.issue(
            tx, project_id=project, kind=ActorKind.PERSON, name="ada", scopes=frozenset(scopes), now=clock.now()
        )
    return {"Authorization": f"Bearer {made}"}


async def test_a_token_with_the_scope_is_answered_and_the_endpoint_sees_the_gateways_key_alone(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double
) -> None:
    headers = {**token(db, clock, Scope.ENDPOINTS_CALL), "Cookie": "session=mine", "X-Forwarded-For": "10.0.0.1"}
    answer = await http.post("/endpoints/line/invocations", json={"inputs": [[10.0]]}, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"predictions": [20.0]})
    assert answer.headers["x-gristmill-model"] == "m/1"
    assert "set-cookie" not in answer.headers
    ((path, seen, body),) = double.asked
    assert (path, json.loads(body)) == ("/invocations", {"inputs": [[10.0]]})
    assert seen["authorization"].removeprefix("Bearer ") in double.taken
    assert not {"cookie", "x-forwarded-for"} & seen.keys()
    assert not any(key in str(answer.headers) + answer.text for key in double.taken), f"{endpoint.name}'s key is shown"


async def test_the_open_inference_protocol_goes_the_same_way(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double
) -> None:
    headers = token(db, clock, Scope.ENDPOINTS_WRITE)
    answer = await http.post(f"/endpoints/{endpoint.name}/v2/models/line/infer", json={"inputs": []}, headers=headers)
    assert answer.is_success
    assert double.asked[0][0] == "/v2/models/line/infer"


async def test_an_api_key_of_the_endpoint_is_enough_and_no_other_one(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double, person: Actor
) -> None:
    with db.write() as tx:
        key = keys.issue(tx, person, endpoint.name, KeyRequest(), clock).key
    double.taken.add(key)
    ok = await http.post("/endpoints/line/invocations", json={}, headers={"Authorization": f"Bearer {key}"})
    assert ok.is_success
    for name, made_up in (("line", "gm_e_made-up"), ("other", key)):
        refused = await http.post(
            f"/endpoints/{name}/invocations", json={}, headers={"Authorization": f"Bearer {made_up}"}
        )
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert len(double.asked) == 1, "nobody is sent on who may not"


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.APPROVER, 403), (Role.OPERATOR, 200)])
async def test_looking_is_not_calling(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, role: Role, status: int
) -> None:
    headers = token(db, clock, *ROLES[role])
    answer = await http.post(f"/endpoints/{endpoint.name}/invocations", json={}, headers=headers)
    assert answer.status_code == status


async def test_another_projects_endpoint_is_not_there(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double
) -> None:
    with db.write() as tx:
        projects.ensure(tx, "user-bob", clock.now())
    headers = token(db, clock, Scope.ENDPOINTS_CALL, project="user-bob")
    answer = await http.post(f"/endpoints/{endpoint.name}/invocations", json={}, headers=headers)
    assert (answer.status_code, double.asked) == (404, [])


async def test_what_the_endpoint_refuses_comes_as_it_says_it(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double
) -> None:
    double.status, double.answer = 400, b'{"error": "column x is lacking"}'
    headers = token(db, clock, Scope.ENDPOINTS_CALL)
    answer = await http.post(f"/endpoints/{endpoint.name}/invocations", json={}, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": "column x is lacking"})


@pytest.mark.parametrize("announced", ["announced", ""])
async def test_a_body_has_its_limit(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double, announced: str
) -> None:
    headers = token(db, clock, Scope.ENDPOINTS_CALL)

    async def chunks(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b" " * 1000

    def body(count: int) -> Any:
        return b" " * 1000 * count if announced else chunks(count)

    url = f"/endpoints/{endpoint.name}/invocations"
    assert (await http.post(url, content=body(90), headers=headers)).is_success
    assert len(double.asked[0][2]) == 90_000
    refused = await http.post(url, content=body(200), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("prefix", ["", "/services/gristmill"])
async def test_a_body_goes_on_as_it_arrives_whatever_text_is_in_it(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double, prefix: str
) -> None:
    first, rest = b'{"inputs": ["\\u0000', b' \\ud83d"]}'

    async def body() -> AsyncIterator[bytes]:
        yield first
        await asyncio.to_thread(until, lambda: double.read >= len(first), 30, "the endpoint has the beginning")
        yield rest

    url = f"{prefix}/endpoints/{endpoint.name}/invocations"
    answer = await http.post(url, content=body(), headers=token(db, clock, Scope.ENDPOINTS_CALL))
    assert answer.is_success, answer.text
    assert double.asked[0][2] == first + rest


async def test_one_endpoint_that_hangs_has_so_many_requests_and_no_more(
    http: httpx.AsyncClient,
    db: Database,
    clock: TestClock,
    endpoint: Endpoint,
    double: Double,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway, "MOST", 1)
    headers = token(db, clock, Scope.ENDPOINTS_CALL)
    double.held = threading.Event()
    first = asyncio.create_task(http.post("/endpoints/line/invocations", json={}, headers=headers))
    await asyncio.to_thread(until, lambda: double.asked, 30, "the endpoint is asked")
    second = await http.post("/endpoints/line/invocations", json={}, headers=headers)
    double.held.set()
    assert (second.status_code, "wait for endpoint line" in second.text) == (503, True)
    assert (await first).is_success
    assert (await http.post("/endpoints/line/invocations", json={}, headers=headers)).is_success


async def test_a_models_name_leads_to_no_other_path_of_the_endpoint(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double
) -> None:
    headers = token(db, clock, Scope.ENDPOINTS_CALL)
    answer = await http.post(f"/endpoints/{endpoint.name}/v2/models/%2E%2E/infer", json={}, headers=headers)
    assert not answer.is_success
    assert double.asked == []


async def test_one_that_is_away_or_late_is_told_as_a_problem(
    http: httpx.AsyncClient,
    app: FastAPI,
    db: Database,
    clock: TestClock,
    endpoint: Endpoint,
    double: Double,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = token(db, clock, Scope.ENDPOINTS_CALL)
    monkeypatch.setattr(app.state.services[gateway.Gateway]._http, "_timeout", httpx.Timeout(60.0, read=0.1))
    double.held = threading.Event()
    late = await http.post("/endpoints/line/invocations", json={}, headers=headers)
    double.held.set()
    assert (late.status_code, late.json()["code"]) == (503, "unavailable")
    assert "did not answer within" in late.json()["detail"]
    with db.write() as tx:
        store.update(tx, endpoint.id, url="http://127.0.0.1:9")
    away = await http.post("/endpoints/line/invocations", json={}, headers=headers)
    assert away.status_code == 503
    assert "does not answer" in away.json()["detail"]
    assert away.headers["content-type"] == "application/problem+json"


async def test_an_endpoint_from_before_the_gateway_is_told_its_key(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint, double: Double, person: Actor
) -> None:
    double.taken.clear()
    headers = token(db, clock, Scope.ENDPOINTS_CALL)
    for _ in range(2):
        answer = await http.post("/endpoints/line/invocations", json={}, headers=headers)
        assert (answer.status_code, "does not know the gateway yet" in answer.text) == (503, True)
    with db.read() as tx:
        assert service.find(tx, person, endpoint.name).generation == 4, "once: it pulls what is newer"


async def test_where_a_hubs_proxy_leaves_its_prefix_the_gateway_is_there_too_and_nothing_else(
    http: httpx.AsyncClient, db: Database, clock: TestClock, endpoint: Endpoint
) -> None:
    headers = {**token(db, clock, *ROLES[Role.OPERATOR]), "Host": "hub.example.org"}
    told = await http.get(f"/api/endpoints/{endpoint.name}", headers=headers)
    assert told.json()["gateway"] == f"{PUBLIC}/endpoints/line"
    answer = await http.post("/services/gristmill/endpoints/line/invocations", json={}, headers=headers)
    assert answer.is_success
    assert (await http.get("/services/gristmill/api/endpoints", headers=headers)).status_code == 404


def test_control_planes_that_share_a_folder_make_the_same_key_and_each_endpoint_has_another(tmp_path: Path) -> None:
    first, second = (GatewayKeys(tmp_path / "shared" / "secret") for _ in range(2))
    assert first.of("endpoint_1") == second.of("endpoint_1") != first.of("endpoint_2")
    assert (tmp_path / "shared" / "secret").stat().st_mode & 0o077 == 0


async def test_the_key_is_pulled_and_a_try_outs_is_not(
    db: Database, endpoint: Endpoint, settings: Settings, app: FastAPI
) -> None:
    supervisor = Actor(
        id="a",
        project_id="default",
        kind=ActorKind.SUPERVISOR,
        name="s",
        scopes=SUPERVISOR_SCOPES,
        subject=endpoint.id,
    )
    own = GatewayKeys(settings.gateway_secret)
    catalogue = app.state.services[Catalogue]
    with db.write() as tx:
        desired = service.desired(tx, supervisor, endpoint.name, catalogue, gateway=own.of)
        assert desired.key_hashes == (key_hash(own.of(endpoint.id)),)
        store.update(tx, endpoint.id, expires_at=endpoint.created_at)
        desired = service.desired(tx, supervisor, endpoint.name, catalogue, gateway=own.of)
        assert desired.key_hashes == ()
