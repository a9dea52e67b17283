"""Who may what on a hub: real people, tokens, roles and projects."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.core.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from gristmill.core.scopes import Scope
from gristmill.endpoints.model import DeployRequest
from gristmill.runs.model import RunState
from tests.hub import Hub, started
from tests.integration.conftest import WriteNotebook
from tests.line_model import ask, registered, training, until_ready
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    home, port = tmp_path_factory.mktemp("hub"), free_port()
    catalogue = home / "profiles.yaml"
    catalogue.write_text("profiles: {small: {cpu: 1, memory: 1 GiB, default: true}}")
    where = {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "PROFILES": str(catalogue)}
    with started(home, **where) as found:
        yield found


@pytest.fixture(scope="module")
def tokens(hub: Hub) -> dict[str, str]:
    return {name: hub.token(name) for name in ("ada", "bob", "root")}


def test_a_second_person_sees_nothing_of_the_first_and_may_do_nothing_to_it(
    hub: Hub, tokens: dict[str, str], notebook: WriteNotebook
) -> None:
    """Runs, models, files, MLflow."""
    log = "import mlflow\nmlflow.log_metric('auc', 0.9)\nopen('out.txt', 'w').write('of Ada')"
    with hub.client(tokens["ada"]) as ada, hub.client(tokens["bob"]) as bob:
        run = ada.wait(ada.run(notebook(log)))
        assert run.state is RunState.SUCCEEDED, run.fault
        assert (run.created_by, run.project_id) == ("ada", "user-ada")
        assert ada.send(api.get_output(run.id, "out.txt")) == b"of Ada"
        assert bob.send(api.list_runs()) == ()
        assert bob.send(api.list_models()) == ()
        questions: tuple[Call[Any], ...] = (
            api.get_run(run.id),
            api.get_output(run.id, "out.txt"),
            api.executed_notebook(run.id),
            api.get_snapshot(run.snapshot),
            api.cancel_run(run.id),
            api.rerun(run.id),
            api.delete_run(run.id),
        )
        for asked in questions:
            with pytest.raises(NotFoundError):
                bob.send(asked)
        assert ada.send(api.get_run(run.id)).run.state is RunState.SUCCEEDED
        assert run.attempt is not None
        for token, status in ((tokens["ada"], 200), (tokens["bob"], 404)):
            headers = {"Authorization": f"Bearer {token}", "X-MLFLOW-WORKSPACE": "user-ada"}
            url = f"{hub.control_plane}/mlflow/api/2.0/mlflow/runs/get"
            answer = httpx.get(url, params={"run_id": run.attempt.tracking_run}, headers=headers, timeout=60)
            assert answer.status_code == status, answer.text


def test_a_model_is_registered_deployed_and_asked_by_whom_it_belongs_to_and_is_nobody_elses(
    hub: Hub, tokens: dict[str, str], notebook: WriteNotebook
) -> None:
    with hub.client(tokens["ada"]) as ada, hub.client(tokens["bob"]) as bob:
        version = registered(ada, notebook(training(2.0)))
        ada.send(api.deploy("line", DeployRequest(model="line", version=version)))
        endpoint = until_ready(ada, "line", 1)
        key = ada.send(api.issue_endpoint_key("line")).key
        until(lambda: ask(endpoint, key) == pytest.approx(20.0), what="it answers whom it was told to")
        by_gateway = replace(endpoint, url=f"{hub.url}/services/gristmill/endpoints/line")
        assert endpoint.gateway == by_gateway.url
        for shown in (key, tokens["ada"]):
            assert ask(by_gateway, shown) == pytest.approx(20.0)
        for shown, code in ((tokens["bob"], "not_found"), ("gm_e_forged", "unauthenticated"), ("x", "unauthenticated")):
            assert code in ask(by_gateway, shown)
        assert httpx.get(f"{hub.url}/services/gristmill/api/runs").status_code == 404, "the gateway is all there is"
        assert (bob.send(api.list_models()), bob.send(api.list_endpoints())) == ((), ())
        files = ada.send(api.get_model_version("line", version)).artifact_path
        for token, found in ((tokens["ada"], True), (tokens["bob"], False)):
            headers = {"Authorization": f"Bearer {token}"}
            url = f"{hub.control_plane}/mlflow/api/2.0/mlflow-artifacts/artifacts/{files}/MLmodel"
            answer = httpx.get(url, headers=headers, timeout=60)
            assert answer.is_success is found, answer.text
            assert found or "targets workspace" in answer.text
        questions: tuple[Call[Any], ...] = (
            api.get_model("line"),
            api.get_endpoint("line"),
            api.issue_endpoint_key("line"),
            api.delete_endpoint("line"),
            api.deploy("mine", DeployRequest(model="line", version=version)),
        )
        for asked in questions:
            with pytest.raises(NotFoundError):
                bob.send(asked)
        ada.send(api.delete_endpoint("line"))


def test_each_person_s_settings_and_layout_are_their_own(hub: Hub) -> None:
    """Their servers are processes of one user, and were loaded before they were asked for."""
    layout = {"data": {"open": "of Ada"}, "metadata": {"id": "default"}}
    theme = "lab/api/settings/@jupyterlab/apputils-extension:themes"
    with hub.server("ada", "small") as ada, hub.server("bob", "small") as bob:
        assert (hub.home / "log").read_text().count("in a process that was there ahead") == 2
        ada.put(theme, json={"raw": '{"theme": "of Ada"}'}).raise_for_status()
        ada.put("lab/api/workspaces/default", json=layout).raise_for_status()
        assert ada.get("lab/api/workspaces/default").json()["data"] == layout["data"]
        assert bob.get("lab/api/workspaces/default").json()["data"] == {}
        assert "of Ada" not in bob.get(theme).json()["raw"]


def test_mlflow_names_no_other_project(hub: Hub, tokens: dict[str, str]) -> None:
    where = f"{hub.control_plane}/mlflow/api/3.0/mlflow/workspaces"
    headers = {"Authorization": f"Bearer {tokens['bob']}"}
    assert httpx.get(where, headers=headers).json() == {"workspaces": [{"name": "user-bob"}]}
    assert httpx.get(f"{where}/user-bob", headers=headers).json() == {"workspace": {"name": "user-bob"}}
    assert httpx.get(f"{where}/user-ada", headers=headers).status_code == 404


def test_a_person_is_in_no_other_s_project(hub: Hub, tokens: dict[str, str]) -> None:
    with hub.client(tokens["bob"], "user-ada") as client, pytest.raises(ForbiddenError, match="is in user-bob"):
        client.send(api.list_runs())


def test_who_looks_after_it_may_administer_and_others_may_not(hub: Hub, tokens: dict[str, str]) -> None:
    with hub.client(tokens["root"]) as root, hub.client(tokens["ada"]) as ada:
        assert root.send(api.verify_audit()).broken_at is None
        with pytest.raises(ForbiddenError, match=Scope.ADMIN.value):
            ada.send(api.verify_audit())
        assert root.send(api.status()).unisolated


def test_a_token_with_fewer_scopes_may_do_less(hub: Hub, notebook: WriteNotebook) -> None:
    token = hub.token("ada", scopes=["custom:gristmill:read", "custom:gristmill:blobs:read"])
    with hub.client(token) as reads:
        reads.send(api.list_runs())
        with pytest.raises(ForbiddenError, match="lacks the scope"):
            reads.run(notebook("print(1)"))


def test_the_hub_s_own_token_reads_what_is_free_and_nothing_else(hub: Hub) -> None:
    with hub.client((hub.home / "service-token").read_text()) as own:
        assert own.send(api.list_profiles())
        questions: tuple[Call[Any], ...] = (api.list_runs(), api.list_models(), api.status(), api.list_secrets())
        for asked in questions:
            with pytest.raises(ForbiddenError, match="lacks the scope"):
                own.send(asked)


@pytest.mark.parametrize("token", ["forged", "0" * 32, "gm_p_forged"])
def test_a_forged_token_is_nobody(hub: Hub, token: str) -> None:
    with hub.client(token) as client, pytest.raises(UnauthenticatedError):
        client.send(api.list_runs())
