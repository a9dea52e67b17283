"""What is done by hand in a notebook lands in its experiment: a real kernel, as a Jupyter server starts it."""

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from gristmill_kernels import tracked
from typer.testing import CliRunner

from gristmill.cli.main import app
from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.settings import Settings
from tests.integration.conftest import ControlPlane
from tests.integration.kernels.started import StartedKernel
from tests.waiting import until

pytestmark = pytest.mark.both_databases

Start = Callable[..., StartedKernel]
BY_HAND = """
import mlflow
with mlflow.start_run(run_name="by hand"):
    mlflow.log_metric("auc", 0.875)
"""
FACTS = """
import os
{name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "GRISTMILL_INTERACTIVE")}
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A notebook below a project's root."""
    (tmp_path / "project" / "work").mkdir(parents=True)
    (tmp_path / "project" / "gristmill.yaml").touch()
    found = tmp_path / "project" / "work" / "churn.ipynb"
    found.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return found


@pytest.fixture
def home(control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRISTMILL_HOME", str(control_plane.home))
    monkeypatch.setattr("gristmill_kernels.tracked._PATIENCE", 60.0)  # not on a machine of its own
    return control_plane.home


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_is_logged_by_hand_is_in_the_notebooks_experiment(
    home: Path, client: Client, start_kernel: Start, work: Path
) -> None:
    until(lambda: client.send(api.status()).tracking == "ready", timeout=120, what="MLflow is ready")
    kernel = start_kernel(environ={tracked.NOTEBOOK: str(work)}, folder=work.parent)
    kernel.run(BY_HAND)
    facts = kernel.facts(FACTS)
    assert not facts["MLFLOW_TRACKING_URI"].startswith(client.url), "an address that stays when the control plane moves"
    listed = CliRunner(env={"GRISTMILL_HOME": str(home)}).invoke(app, ["runs", "list", "--interactive", "--json"])
    (run,) = json.loads(listed.stdout)
    assert (run["name"], run["notebook"], run["metrics"]) == ("by hand", "work/churn.ipynb", {"auc": 0.875})
    assert (run["session"], run["source"]) == (facts["GRISTMILL_INTERACTIVE"], str(work.resolve()))
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.facts(FACTS) == facts, "a restarted kernel goes on in its session"
    kernel.manager.shutdown_kernel()
    bearer = {"Authorization": f"Bearer {facts['MLFLOW_TRACKING_TOKEN']}"}
    asked = httpx.get(f"{client.url}/mlflow/api/2.0/mlflow/runs/get", params={"run_id": run["id"]}, headers=bearer)
    assert asked.status_code == 401, "its token ended with it"
    (session,) = client.send(api.list_interactive_sessions())
    assert session.ended_at is not None


@pytest.mark.slow
def test_a_kernel_that_dies_ends_its_session(home: Path, client: Client, work: Path) -> None:
    until(lambda: client.send(api.status()).tracking == "ready", timeout=120, what="MLflow is ready")
    kernel = tracked.track({tracked.NOTEBOOK: str(work)}, work.parent, Settings(home=home))
    assert kernel is not None
    lives = [True]
    kernel.keep(lambda: bool(lives), every=0.05)
    begun = client.send(api.list_interactive_sessions())[0]
    until(lambda: client.send(api.list_interactive_sessions())[0].seen_at > begun.seen_at, what="it is said to live")
    lives.clear()
    until(lambda: client.send(api.list_interactive_sessions())[0].ended_at, what="the session has ended")
    assert kernel.over


@pytest.mark.parametrize(
    "environ", [{}, {"GRISTMILL_ATTEMPT": "att_1"}, {"MLFLOW_TRACKING_URI": "https://mlflow.example.org"}]
)
def test_what_is_tracked_elsewhere_or_is_no_notebook_is_left_alone(
    work: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gristmill_kernels.tracked._Beginning", lambda *_: pytest.fail("it was asked"))
    (tmp_path / "server.json").touch()
    named = {tracked.NOTEBOOK: str(work)} if environ else {tracked.NOTEBOOK: "console-1"}
    assert tracked.track({**named, **environ}, work.parent, Settings(home=tmp_path)) is None


def test_a_control_plane_that_does_not_answer_is_given_up(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts connections, and says nothing. One whose process is gone is not even asked."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        file = {"url": url, "token": "t", "pid": os.getpid(), "instance": "i", "secret": "s", "version": "0"}
        (tmp_path / "server.json").write_text(json.dumps(file))
        assert tracked.track({tracked.NOTEBOOK: str(work)}, work.parent, Settings(home=tmp_path)) is None
        gone = subprocess.Popen(["true"])
        gone.wait()
        (tmp_path / "server.json").write_text(json.dumps({**file, "pid": gone.pid}))
        monkeypatch.setattr("gristmill_kernels.tracked._Beginning", lambda *_: pytest.fail("it was asked"))
        assert tracked.track({tracked.NOTEBOOK: str(work)}, work.parent, Settings(home=tmp_path)) is None
