"""A link opens MLflow's pages once; the session that it makes is good for them and for nothing else."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient, Response

from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.http import Authenticate, install_error_handlers
from gristmill.core.scopes import KERNEL_SCOPES, PERSON_SCOPES, ActorKind
from gristmill.core.tokens import issue
from gristmill.projects.service import Authentication
from gristmill.server import opening
from gristmill.server.opening import CODE_LIFE, SESSION_LIFE, Opening, check_path
from tests.unit.conftest import TestClock


@pytest.fixture
def app(db: Database, clock: TestClock) -> FastAPI:
    app = FastAPI()
    app.include_router(opening.router)
    install_error_handlers(app)
    sessions = Opening(clock, "server_01k3x4m5n6p7q8r9s0t1v2w3x4")
    app.state.services = {Authenticate: Authentication(db=db, clock=clock), Opening: sessions}

    @app.api_route("/mlflow/{path:path}", methods=["GET", "POST"])
    def pages(request: Request) -> str:
        actor = sessions.actor(request)
        return actor.name if actor else "nobody"

    return app


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8123") as client:
        yield client


@pytest.fixture
def token(db: Database, clock: TestClock) -> str:
    return token_of(db, clock, ActorKind.PERSON)


def token_of(db: Database, clock: TestClock, kind: ActorKind) -> str:
    scopes = PERSON_SCOPES if kind is ActorKind.PERSON else KERNEL_SCOPES
    with db.write() as tx:
        return issue(tx, project_id="default", kind=kind, name="ada", scopes=scopes, now=clock.now())


async def ask(browser: AsyncClient, token: str, path: str = "/mlflow/#/experiments/1") -> Response:
    return await browser.post("/api/open", json={"path": path}, headers={"authorization": f"Bearer {token}"})


async def test_a_link_leads_to_the_page_and_sets_a_confined_cookie(browser: AsyncClient, token: str) -> None:
    url = (await ask(browser, token)).json()["url"]
    assert url.startswith("http://127.0.0.1:8123/open/")
    answer = await browser.get(url)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/mlflow/#/experiments/1"
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/mlflow", f"max-age={int(SESSION_LIFE.total_seconds())}"):
        assert part in cookie
    assert (await browser.get("/mlflow/")).json() == "ada"


async def test_a_link_opens_once(browser: AsyncClient, token: str) -> None:
    url = (await ask(browser, token)).json()["url"]
    assert (await browser.get(url)).status_code == 303
    browser.cookies.clear()
    again = await browser.get(url)
    assert again.status_code == 404
    assert "opens once" in again.json()["detail"]
    assert "set-cookie" not in again.headers


async def test_a_link_is_good_for_sixty_seconds(browser: AsyncClient, token: str, clock: TestClock) -> None:
    url = (await ask(browser, token)).json()["url"]
    clock.advance(CODE_LIFE.total_seconds())
    assert (await browser.get(url)).status_code == 404


async def test_a_session_ends(browser: AsyncClient, token: str, clock: TestClock) -> None:
    await browser.get((await ask(browser, token)).json()["url"])
    clock.advance(SESSION_LIFE.total_seconds())
    assert (await browser.get("/mlflow/")).json() == "nobody"


async def test_a_made_up_cookie_is_nobodys(browser: AsyncClient) -> None:
    browser.cookies.set("gristmill-q8r9s0t1v2w3x4", "x")
    assert (await browser.get("/mlflow/")).json() == "nobody"


async def test_the_api_takes_no_cookies(browser: AsyncClient, token: str) -> None:
    await browser.get((await ask(browser, token)).json()["url"])
    name, value = next(iter(browser.cookies.items()))
    answer = await browser.post("/api/open", json={"path": "/mlflow/"}, headers={"cookie": f"{name}={value}"})
    assert answer.status_code == 401


async def test_only_people_open_pages(browser: AsyncClient, db: Database, clock: TestClock) -> None:
    assert (await ask(browser, token_of(db, clock, ActorKind.KERNEL))).status_code == 403
    assert (await browser.post("/api/open", json={"path": "/mlflow/"})).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "https://example.org/mlflow/",
        "//example.org/mlflow/",
        "/\\example.org/mlflow/",
        "\\\\example.org",
        "/mlflow\\..\\api",
        "/mlflow/../api/runs",
        "/mlflow/%2e%2e/api/runs",
        "/mlflow/..%2fapi",
        "/mlflowx",
        "/api/runs",
        "mlflow/",
        "",
        "/",
        "/mlflow/\r\nset-cookie: x=y",
        "javascript:alert(1)//mlflow/",
    ],
)
async def test_a_link_leads_nowhere_else(browser: AsyncClient, token: str, path: str) -> None:
    answer = await ask(browser, token, path)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_input"
    with pytest.raises(InvalidInputError):
        check_path(path)


def test_the_page_itself_may_be_named_without_its_slash() -> None:
    assert check_path("/mlflow") == "/mlflow/"
    assert check_path("/mlflow#/models") == "/mlflow/#/models"
    assert check_path("/mlflow/?a=b#/x") == "/mlflow/?a=b#/x"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"sec-fetch-site": "same-origin"}, 200),
        ("GET", {"sec-fetch-site": "none"}, 200),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"}, 200),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ("POST", {"sec-fetch-site": "same-origin"}, 200),
        ("POST", {"origin": "http://127.0.0.1:8123"}, 200),
        ("POST", {}, 403),
        ("POST", {"origin": "http://127.0.0.1:9999"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8123"}, 403),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
    ],
)
async def test_other_pages_cannot_use_the_session(
    browser: AsyncClient, token: str, method: str, headers: dict[str, str], status: int
) -> None:
    await browser.get((await ask(browser, token)).json()["url"])
    assert (await browser.request(method, "/mlflow/ajax-api/x", headers=headers)).status_code == status


async def test_from_another_site_the_link_answers_a_page_that_leads_on(browser: AsyncClient, token: str) -> None:
    """A redirect would count as that site's request, and the strict cookie would stay behind."""
    url = (await ask(browser, token, "/mlflow/?a=b&c=%22")).json()["url"]
    answer = await browser.get(url, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert 'url=/mlflow/?a=b&amp;c=%22"' in answer.text
    assert "set-cookie" in answer.headers


def test_two_control_planes_on_one_machine_keep_their_cookies_apart(clock: TestClock) -> None:
    assert Opening(clock, "server_" + "a" * 26).cookie != Opening(clock, "server_" + "b" * 26).cookie
