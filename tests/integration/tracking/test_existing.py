"""An MLflow server that was there before: behind a base path, with credentials that are the control plane's."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.core.settings import Settings
from gristmill.tracking.existing import ExistingMlflow, check_url
from gristmill.tracking.model import Health
from gristmill.tracking.process import MlflowProcess
from gristmill.tracking.rest import TrackingClient
from tests.integration.tracking.conftest import CLOCK, Site, opened, served
from tests.integration.tracking.front import BASE, PASSWORD, USER, Front
from tests.integration.tracking.test_unprepared_client import environment, run_script
from tests.waiting import until

CLIENT = """
import json, os, mlflow
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("auc", 0.9)
    mlflow.log_dict({"a": 1}, "deep/a.json")
with mlflow.start_run() as second:
    pass
back = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/deep/a.json")
print(json.dumps({"run": run.info.run_id, "second": second.info.run_id, "back": back}))
"""


@pytest.fixture
def front(mlflow: MlflowProcess) -> Front:
    return Front(mlflow.address)


@pytest.fixture
def url(front: Front) -> Iterator[str]:
    with served(front.app) as address:  # type: ignore[arg-type]  # any ASGI app
        yield f"{address}{BASE}"


def existing(url: str, password: str = PASSWORD) -> ExistingMlflow:
    return ExistingMlflow(Settings(mlflow_url=url, mlflow_username=USER, mlflow_password=password), clock=CLOCK)


@pytest.fixture
def site_before_it(tmp_path: Path, url: str) -> Iterator[Site]:
    server = existing(url)
    assert server.look().ready
    client = TrackingClient(server.address, CLOCK)
    with opened(tmp_path, server.address, client) as site:
        yield site
    client.close()


def test_it_is_ready_with_its_version_and_nothing_is_started(front: Front, url: str) -> None:
    server = existing(f"{url}/")
    assert server.state.health is Health.STARTING
    until(lambda: server.ensure().ready)
    assert server.state.version is not None
    assert server.state.version.startswith("3.")
    assert server.state.notice is None
    assert server.name == url
    asked = len(front.seen)
    server.ensure()
    assert len(front.seen) == asked, "a server that is well is not asked at every step"
    server.stop()


@pytest.mark.slow
def test_an_unmodified_client_works_with_it_through_the_proxy(
    site_before_it: Site, front: Front, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    attempt = site_before_it.attempt("att_existing", "existing/train.ipynb")
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    out = run_script(script, site_before_it, attempt, tmp_path)
    assert (out["run"], out["back"]) == (attempt.run_id, {"a": 1})
    run = site_before_it.tracking.get_run(attempt.run_id)
    assert (run.params, run.metrics) == ({"depth": "3"}, {"auc": 0.9})
    assert [child.id for child in site_before_it.tracking.child_runs(run)] == [out["second"]]
    secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert front.authorizations == {f"Basic {secret}"}, "whoever asks, the server sees the control plane"
    assert secret not in caplog.text
    assert PASSWORD not in str(environment(site_before_it, attempt, tmp_path))


def test_the_allow_list_stands_before_it_too(site_before_it: Site, front: Front) -> None:
    mine, other = (site_before_it.attempt(name, "existing/list.ipynb") for name in ("att_mine", "att_other"))
    front.seen.clear()
    client = site_before_it.client(mine.token)
    body = {"run_id": other.run_id, "key": "k", "value": "v"}
    assert client.post("/api/2.0/mlflow/runs/set-tag", json=body).status_code == 403
    assert client.get("/api/3.0/mlflow/gateway/secrets/list").status_code in {403, 404}
    assert client.get("/../../admin").status_code in {400, 404}
    assert front.seen == []
    assert client.get("/api/2.0/mlflow/runs/get", params={"run_id": other.run_id}).status_code == 200


def test_its_pages_are_shown_from_below_the_base_path(site_before_it: Site) -> None:
    page = site_before_it.client(site_before_it.person()).get("/")
    assert page.status_code == 200
    assert "<script>" in page.text


def test_credentials_that_it_refuses_are_named_and_are_no_fault_of_the_caller(
    site_before_it: Site, front: Front, url: str
) -> None:
    assert "401" in (existing(url, "wrong").look().reason or "")
    front.password = "changed"
    answer = site_before_it.client(site_before_it.person()).get("/api/2.0/mlflow/experiments/get?experiment_id=0")
    assert answer.status_code == 503, "401 would tell the caller that its own token is wrong"
    assert "credentials" in answer.json()["message"]
    assert "www-authenticate" not in answer.headers
    with pytest.raises(UnavailableError, match="credentials"):
        site_before_it.tracking.get_run("0" * 32)


@pytest.mark.parametrize(("version", "said"), [("2.22.1", "oldest that is supported"), ("4.0.0", "upgrade Gristmill")])
def test_a_version_that_is_not_known_is_refused_and_not_asked_for_anything(
    front: Front, url: str, version: str, said: str
) -> None:
    front.version = version
    server = existing(url)
    state = server.look()
    assert (state.health, state.version) == (Health.AWAY, version)
    assert said in (state.reason or "")
    client = TrackingClient(server.address, CLOCK)
    asked = len(front.seen)
    with pytest.raises(UnavailableError, match=said):
        client.get_run("0" * 32)
    assert len(front.seen) == asked
    front.version = None
    assert server.look().ready, "upgraded, it is taken"
    with pytest.raises(Exception, match="not found"):
        client.get_run("0" * 32)
    client.close()


def test_what_is_no_mlflow_or_is_not_there_is_said(url: str) -> None:
    nothing = existing(url.replace(BASE, "/elsewhere")).look()
    assert "there is no MLflow at" in (nothing.reason or "")
    closed = existing("http://127.0.0.1:1").look()
    assert "does not answer" in (closed.reason or "")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("s3://bucket/7", "artifacts do not go through MLflow but to s3"),
        ("/srv/mlruns/7", "artifacts do not go through MLflow but to a folder"),
        ("mlflow-artifacts:/team/7", "runs cannot write artifacts"),
        ("mlflow-artifacts:/7", None),
        ("mlflow-artifacts:/workspaces/user-ada/7", None),
    ],
)
def test_where_artifacts_do_not_go_through_it_that_is_said(location: str, said: str | None) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/version":
            return httpx.Response(200, text="3.17.2")
        return httpx.Response(200, json={"experiments": [{"experiment_id": "7", "artifact_location": location}]})

    from gristmill.tracking.existing import _artifacts

    with httpx.Client(base_url="http://mlflow", transport=httpx.MockTransport(answer)) as client:
        notice = _artifacts(client)
    assert (notice is None) is (said is None)
    assert (said or "") in (notice or "")
    assert said is None or "--default-artifact-root mlflow-artifacts:/" in (notice or "")


@pytest.mark.parametrize(
    "url",
    ["mlflow.example.org", "file:///mlruns", "http://", "http://a:b@host", "http://h/?a=b", "http://h/#x", "s3://b"],
)
def test_a_url_that_names_no_server_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="GRISTMILL_MLFLOW_URL") as caught:
        check_url(url)
    assert "a:b" not in str(caught.value)


def test_credentials_that_contradict_each_other_are_refused() -> None:
    for given in ({"mlflow_token": "t", "mlflow_username": "u"}, {"mlflow_username": "u"}, {"mlflow_password": "p"}):
        with pytest.raises(InvalidInputError, match="GRISTMILL_MLFLOW_USERNAME"):
            ExistingMlflow(Settings(mlflow_url="http://host", **given), clock=CLOCK)  # type: ignore[arg-type]
    server = ExistingMlflow(Settings(mlflow_url="http://host", mlflow_token="tok-1"), clock=CLOCK)
    assert server.address.authorization == "Bearer tok-1"
    assert "tok-1" not in repr(server.address)
    assert "tok-1" not in repr(Settings(mlflow_token="tok-1"))
