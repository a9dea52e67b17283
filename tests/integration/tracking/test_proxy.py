"""What passes between a caller and MLflow, and what does not."""

import os

import httpx
import pytest

from gristmill.core.scopes import PERSON_SCOPES, ActorKind, Scope
from gristmill.tracking.model import Health
from gristmill.tracking.process import MlflowProcess
from tests.integration.tracking.conftest import LIMITS, Site
from tests.waiting import until

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def person(site: Site) -> httpx.Client:
    return site.client(site.person())


def test_without_a_token_nothing_is_answered(site: Site) -> None:
    for client in (site.client(None), site.client("gm_p_made_up")):
        for path in ("/", "/health", "/static-files/x.js", f"{API}/runs/get?run_id=x", "/nothing"):
            answer = client.get(path)
            assert answer.status_code == 401, path
            assert answer.json()["error_code"] == "UNAUTHENTICATED"
            assert answer.headers["www-authenticate"] == "Bearer"
    assert "gristmill open mlflow" in site.client(None).get("/").json()["hint"]


def test_a_person_uses_mlflow(person: httpx.Client, site: Site) -> None:
    experiment = person.post(f"{API}/experiments/create", json={"name": "by a person"}).json()["experiment_id"]
    run = person.post(f"{API}/runs/create", json={"experiment_id": experiment}).json()["run"]["info"]["run_id"]
    assert person.post(f"{API}/runs/set-tag", json={"run_id": run, "key": "k", "value": "v"}).status_code == 200
    assert person.get(f"{API}/runs/get", params={"run_id": run}).json()["run"]["data"]["tags"]
    found = person.get("/ajax-api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": "by a person"})
    assert found.json()["experiment"]["experiment_id"] == experiment, "and is told the truth"
    assert person.post(f"{API}/experiments/delete", json={"experiment_id": experiment}).status_code == 200
    assert person.get("/version").text.startswith("3.")
    assert site.tracking.get_run(run).tags["k"] == "v"


def test_scopes_are_held(site: Site) -> None:
    reader = site.client(site.token(ActorKind.SERVICE, frozenset({Scope.TRACKING_READ}), subject=None))
    assert reader.post(f"{API}/runs/search", json={"experiment_ids": ["0"]}).status_code == 200
    denied = reader.post(f"{API}/experiments/create", json={"name": "no"})
    assert denied.status_code == 403
    assert "tracking:write" in denied.json()["message"]
    writer = site.client(site.token(ActorKind.SERVICE, PERSON_SCOPES - {Scope.MODELS_WRITE}))
    assert writer.post(f"{API}/registered-models/create", json={"name": "no"}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("POST", "/api/3.0/mlflow/gateway/secrets/create", "secrets"),
        ("GET", "/ajax-api/3.0/mlflow/gateway/secrets/list", "secrets"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message", "commands"),
        ("POST", "/ajax-api/3.0/mlflow/scorer/invoke", "executes code"),
        ("POST", "/api/3.0/mlflow/scorers/register", "executes code"),
        ("POST", "/ajax-api/3.0/jobs/search", "executes code"),
        ("POST", "/api/2.0/mlflow/webhooks", "webhooks"),
        ("POST", "/gateway/openai/v1/responses", "gateway"),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", "addresses of the storage"),
    ],
)
def test_what_is_refused_is_refused_to_administrators_too(
    person: httpx.Client, method: str, path: str, reason: str
) -> None:
    answer = person.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == 403
    assert reason in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/nothing", f"{API}/runs/forget", "/api/1.0/mlflow/runs/get", "/ajax-api/3.0/jobs/"])
def test_what_mlflow_does_not_have_is_not_there(person: httpx.Client, path: str) -> None:
    assert person.get(path).status_code in {400, 404}


def test_other_methods_of_a_route_do_not_exist(person: httpx.Client) -> None:
    assert person.get(f"{API}/runs/create").status_code == 404
    assert person.request("OPTIONS", f"{API}/runs/create").status_code == 405


def test_nobody_makes_mlflow_read_the_servers_files(person: httpx.Client) -> None:
    body = {"name": "etc", "artifact_location": "file:///etc"}
    for prefix in ("/api", "/ajax-api"):
        answer = person.post(f"{prefix}/2.0/mlflow/experiments/create", json=body)
        assert answer.status_code == 403
        assert "outside MLflow's artifact store" in answer.json()["message"]


def test_a_body_with_a_read_is_not_passed_on(person: httpx.Client, site: Site) -> None:
    """MLflow reads the body of a GET whose query is empty: an endpoint could list what is not its own by it."""
    attempt = site.attempt("att_body", "proxy/body")
    answer = person.request("GET", f"{API}/runs/get", json={"run_id": attempt.run_id})
    assert answer.status_code == 400
    assert "run_id" in answer.json()["message"]


def test_an_endpoint_reads_its_own_models_files_and_nothing_else(site: Site, person: httpx.Client) -> None:
    attempt = site.attempt("att_files", "proxy/files")
    kernel = site.client(attempt.token)
    own, foreign = f"{attempt.experiment_id}/{attempt.run_id}/artifacts/a", f"{attempt.experiment_id}/{attempt.run_id}"
    kernel.put(f"{ARTIFACTS}/{own}/MLmodel", content=b"flavors: {}").raise_for_status()
    kernel.put(f"{ARTIFACTS}/{foreign}/artifacts/ab/x", content=b"secret").raise_for_status()
    endpoint = site.client(site.supervisor("churn", own))

    assert endpoint.get(f"{ARTIFACTS}/{own}/MLmodel").content == b"flavors: {}"
    assert endpoint.get(ARTIFACTS, params={"path": own}).json()["files"][0]["path"] == "MLmodel"
    for path in (foreign, f"{foreign}/artifacts/ab", "", f"{own}/../ab", own + "b"):
        assert endpoint.get(ARTIFACTS, params={"path": path}).status_code == 403, path
    assert endpoint.get(f"{ARTIFACTS}/{foreign}/artifacts/ab/x").status_code == 403
    assert endpoint.get(ARTIFACTS).status_code == 403
    assert endpoint.request("GET", ARTIFACTS, json={"path": foreign}).status_code == 403
    assert endpoint.get(f"{ARTIFACTS}?path={own}&path={foreign}").status_code == 403
    for method, path in (
        ("PUT", f"{ARTIFACTS}/{own}/x"),
        ("DELETE", f"{ARTIFACTS}/{own}/MLmodel"),
        ("GET", f"{API}/runs/get?run_id={attempt.run_id}"),
        ("GET", "/get-artifact?path=a/MLmodel&run_uuid=" + attempt.run_id),
        ("POST", f"{API}/runs/search"),
        ("GET", "/health"),
        ("GET", "/"),
    ):
        assert endpoint.request(method, path).status_code == 403, path


def test_files_are_streamed_both_ways_and_limited(site: Site) -> None:
    attempt = site.attempt("att_stream", "proxy/stream")
    client = site.client(attempt.token)
    url = f"{ARTIFACTS}/{attempt.experiment_id}/{attempt.run_id}/artifacts/big.bin"
    data = os.urandom(LIMITS.artifact)
    assert client.put(url, content=data).status_code == 200
    answer = client.get(url)
    assert answer.content == data
    assert answer.headers["content-length"] == str(len(data))
    part = client.get(url, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])

    too_large = client.put(url, content=data + b"x")
    assert too_large.status_code == 413
    assert str(LIMITS.artifact) in too_large.json()["message"]
    assert client.put(url, content=iter([data, b"x"])).status_code == 413, "also when its length was not announced"
    batch = {"run_id": attempt.run_id, "tags": [{"key": "k", "value": "v" * LIMITS.body}]}
    assert client.post(f"{API}/runs/log-batch", json=batch).status_code == 413


def test_what_a_notebook_made_is_shown_sandboxed(site: Site, person: httpx.Client) -> None:
    attempt = site.attempt("att_html", "proxy/html")
    path = f"{attempt.experiment_id}/{attempt.run_id}/artifacts/page.html"
    site.client(attempt.token).put(f"{ARTIFACTS}/{path}", content=b"<script>alert(1)</script>").raise_for_status()
    for url in (f"{ARTIFACTS}/{path}", f"/get-artifact?path=page.html&run_uuid={attempt.run_id}"):
        answer = person.get(url)
        assert answer.headers["content-security-policy"] == "sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_comes_with_preferences_that_fit(person: httpx.Client) -> None:
    page = person.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.index("mlflow.assistant.fab") < page.text.index("static-files/")
    assert person.get("/ajax-api/2.0/mlflow/gateway-proxy").json() == {"endpoints": []}


def test_without_its_last_slash_the_page_is_found(site: Site) -> None:
    answer = httpx.get(f"{site.url}/mlflow", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/mlflow/")


def test_a_browsers_session_shows_the_pages_and_changes_things_from_them(site: Site) -> None:
    link = httpx.post(
        f"{site.url}/api/open", json={"path": "/mlflow/"}, headers={"authorization": f"Bearer {site.person()}"}
    ).json()["url"]
    with httpx.Client(base_url=site.url, follow_redirects=True) as browser:
        page = browser.get(link)
        assert page.url.path == "/mlflow/"
        scripts = [part.partition('"')[0] for part in page.text.split('src="')[1:]]
        assert scripts
        for script in scripts:
            assert browser.get(f"/mlflow/{script}").headers["content-type"].startswith(("text/javascript", "applic"))
        body = {"name": "from a page"}
        path = "/mlflow/ajax-api/2.0/mlflow/experiments/create"
        assert browser.post(path, json=body).status_code == 403
        assert browser.post(path, json=body, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert browser.post(path, json=body, headers={"sec-fetch-site": "same-origin"}).status_code == 200
        answer = browser.get("/mlflow/health", headers={"origin": "http://localhost:1"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_mlflow_away_is_said_and_passes(site: Site, mlflow: MlflowProcess) -> None:
    """A kill -9 of MLflow under the proxy: callers are told to try again, and then all goes on as before."""
    attempt = site.attempt("att_away", "proxy/away")
    client = site.client(attempt.token)
    tag = {"run_id": attempt.run_id, "key": "k", "value": "v"}
    assert client.post(f"{API}/runs/set-tag", json=tag).status_code == 200
    assert mlflow.pid is not None
    os.kill(mlflow.pid, 9)
    until(lambda: mlflow.pid is None)

    for answer in (
        client.post(f"{API}/runs/set-tag", json=tag),
        client.get(f"{API}/runs/get", params={"run_id": attempt.run_id}),
        client.post(f"{API}/runs/create", json={}),
        client.put(f"{ARTIFACTS}/{attempt.experiment_id}/{attempt.run_id}/artifacts/a", content=b"x" * 10_000),
    ):
        assert answer.status_code == 503, answer.text
        assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
        assert "MLflow" in answer.json()["message"]
        assert answer.json()["hint"]

    assert mlflow.ensure().health is Health.STARTING
    starting = client.get(f"{API}/runs/get", params={"run_id": attempt.run_id})
    assert starting.json()["detail"] == "MLflow ended and is started again"
    assert mlflow.wait_ready(120).ready
    assert client.post(f"{API}/runs/set-tag", json=tag).status_code == 200
    assert client.get(f"{API}/runs/get", params={"run_id": attempt.run_id}).status_code == 200
