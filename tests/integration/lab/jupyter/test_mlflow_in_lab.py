"""MLflow's pages below Jupyter's base URL: whose they are, what goes through and what does not."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from gristmill.client.client import Client
from gristmill.runs.model import Run
from tests.integration.conftest import ControlPlane, WriteNotebook

PAGE = "import mlflow\nmlflow.log_text('<script>1</script>', 'page.html')\nmlflow.log_metric('auc', 0.9)"
SEARCH = "gristmill/mlflow/ajax-api/2.0/mlflow/experiments/search"
Ask = Callable[..., HTTPResponse]


@pytest.fixture
def jp_server_config(control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name, value in control_plane.environ.items():
        monkeypatch.setenv(name, value)
    return {"ServerApp": {"jpserver_extensions": {"gristmill_lab": True, "jupyter_server_terminals": False}}}


@pytest.fixture
def bare(
    jp_serverapp: ServerApp,
    http_server: object,
    jp_http_port: int,
    jp_base_url: str,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Ask:
    """As somebody without a login; nothing is raised, and no redirect followed."""

    def send(path: str, **options: Any) -> HTTPResponse:
        url = f"http://127.0.0.1:{jp_http_port}{jp_base_url}{path}"
        request = HTTPRequest(url, follow_redirects=False, allow_nonstandard_methods=True, **options)

        async def fetched() -> HTTPResponse:  # the client asks for the current loop, and one that runs is that one
            return await AsyncHTTPClient().fetch(request, raise_error=False)

        return jp_asyncio_loop.run_until_complete(fetched())

    return send


@pytest.fixture
def ask(bare: Ask, jp_auth_header: dict[str, str]) -> Ask:
    """With Jupyter's token, and JSON."""

    def send(path: str, **options: Any) -> HTTPResponse:
        return bare(path, headers={**jp_auth_header, "Content-Type": "application/json"}, **options)

    return send


@pytest.fixture
def made(client: Client, notebook: WriteNotebook) -> Run:
    client.wait_for_tracking()
    return client.wait(client.run(notebook(PAGE, name="page.ipynb")))


def tracked(run: Run) -> str:
    assert run.attempt is not None
    assert run.attempt.tracking_run is not None
    return run.attempt.tracking_run


def test_only_who_is_logged_in_gets_there(bare: Ask) -> None:
    for path in ("gristmill/mlflow", "gristmill/mlflow/", SEARCH, "gristmill/runs/1/mlflow"):
        assert bare(path).code == 403, path
    assert bare(SEARCH, method="POST", body="{}").code == 403


def test_a_cookie_alone_changes_nothing(ask: Ask, bare: Ask, made: Run) -> None:
    """Another site can make a browser send Jupyter's cookie, but not what Jupyter's pages know of it."""
    cookies = [one.partition(";")[0] for one in ask("gristmill/mlflow/").headers.get_list("Set-Cookie")]
    (known,) = (one.removeprefix("_xsrf=") for one in cookies if one.startswith("_xsrf="))
    headers = {"Cookie": "; ".join(cookies), "Content-Type": "application/json"}
    body = json.dumps({"run_id": tracked(made), "key": "k", "value": "v"})
    path = "gristmill/mlflow/ajax-api/2.0/mlflow/runs/set-tag"
    assert bare(path, method="POST", body=body, headers=headers).code == 403
    assert bare(path, method="POST", body=body, headers={**headers, "X-XSRFToken": known}).code == 200


def test_the_first_page_lets_its_own_scripts_run_alone(ask: Ask, made: Run) -> None:
    page = ask("gristmill/mlflow/")
    assert b"MLflow" in page.body
    assert b"X-XSRFToken" in page.body
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval' 'sha256-" in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]


def test_what_a_run_made_is_no_page_of_jupyters(ask: Ask, made: Run) -> None:
    found = ask(f"gristmill/mlflow/get-artifact?path=page.html&run_uuid={tracked(made)}")
    assert found.body == b"<script>1</script>"
    assert found.headers["Content-Security-Policy"].startswith("sandbox;")
    assert found.headers["X-Content-Type-Options"] == "nosniff"


def test_questions_and_uploads_go_through_and_the_allow_list_holds(ask: Ask, made: Run) -> None:
    found = json.loads(ask(SEARCH, method="POST", body=json.dumps({"max_results": 10})).body)
    assert [one["name"] for one in found["experiments"]]
    large = b"x" * 3_000_000
    asked = ask(f"gristmill/mlflow/api/2.0/mlflow/runs/get?run_id={tracked(made)}")
    experiment = json.loads(asked.body)["run"]["info"]["experiment_id"]
    place = f"gristmill/mlflow/api/2.0/mlflow-artifacts/artifacts/{experiment}/{tracked(made)}/artifacts/large.bin"
    assert ask(place, method="PUT", body=large).code == 200
    assert ask(place).body == large
    assert ask("gristmill/mlflow/ajax-api/2.0/mlflow/no-such-route").code == 404
    for path in ("gristmill/mlflow/%2e%2e/api/runs", "gristmill/mlflow/x/..%2f..%2fapi/runs"):
        assert ask(path).code == 400, path


def test_a_runs_link_leads_to_its_page(ask: Ask, jp_base_url: str, made: Run) -> None:
    led = ask(f"gristmill/runs/{made.number}/mlflow")
    assert led.code == 302
    place = led.headers["Location"]
    assert place.startswith(f"{jp_base_url}gristmill/mlflow/#/experiments/")
    assert place.endswith(f"/runs/{tracked(made)}")
    assert ask("gristmill/mlflow").headers["Location"] == f"{jp_base_url}gristmill/mlflow/"
