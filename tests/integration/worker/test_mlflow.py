"""An unmodified MLflow client in the notebook, a real MLflow server behind: everything lands on the attempt's run."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from gristmill.runs.model import WorkerEventKind
from tests.integration.worker.conftest import Worker
from tests.integration.worker.control_plane_double import KERNEL_TOKEN, TOKEN
from tests.integration.worker.notebooks import code
from tests.ports import free_port
from tests.waiting import until

LOGS_A_MODEL = """
import mlflow, mlflow.pyfunc
mlflow.log_param('depth', 'of my own')
mlflow.log_metric('auc', 0.9)
class Identity(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None): return model_input
mlflow.pyfunc.log_model(name='identity', python_model=Identity(), pip_requirements=['mlflow'])
"""
STARTS_ANOTHER_RUN = "mlflow.end_run()\nwith mlflow.start_run(run_name='second'): mlflow.log_metric('later', 1)"
NOTEBOOK = (
    code("depth = 3", "parameters"),
    LOGS_A_MODEL,
    STARTS_ANOTHER_RUN,
    "import gristmill; gristmill.report(f1=[0.5, 0.7])",
)


class Mlflow:
    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, call: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.post(f"{self.url}/api/2.0/mlflow/{call}", json=body).raise_for_status().json()
        return answer

    def run(self, run: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/api/2.0/mlflow/runs/get", params={"run_id": run})
        found: dict[str, Any] = answer.raise_for_status().json()["run"]
        return found


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[Mlflow]:
    port = str(free_port())
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--artifacts-destination", str(tmp_path)]
    environ = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (tmp_path / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url), timeout=120, what="MLflow's answer")
        yield Mlflow(url)
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def answers(url: str) -> bool:
    with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{url}/health", timeout=5):
        return True
    return False


@pytest.mark.slow
def test_what_the_notebook_logs_lands_on_the_attempts_run(worker: Worker, mlflow: Mlflow) -> None:
    """A further run that it starts is a child of the attempt's; its own parameter is left as it is."""
    experiment = mlflow.post("experiments/create", name="default/train")["experiment_id"]
    run = mlflow.post("runs/create", experiment_id=experiment, run_name="train-1")["run"]["info"]["run_id"]
    worker.control_plane.mlflow = mlflow.url
    worker.order(*NOTEBOOK, tracking_run=run, tracking_experiment=experiment, parameters={"depth": 4})
    finished = worker.run()
    assert (finished["state"], finished["notices"]) == ("succeeded", [])
    assert worker.control_plane.tokens == {TOKEN, KERNEL_TOKEN}
    found = mlflow.run(run)
    logged = {one["key"]: one["value"] for one in found["data"]["metrics"]}
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"} <= logged.keys()
    metrics = {key: value for key, value in logged.items() if not key.startswith("system/")}
    assert metrics == {"auc": 0.9, "f1": 0.6, "f1_std": pytest.approx(0.1414, abs=1e-4), "f1_count": 2}
    assert {one["key"]: one["value"] for one in found["data"]["params"]} == {"depth": "of my own"}
    assert found["info"]["status"] == "FINISHED"
    (models,) = worker.control_plane.of(WorkerEventKind.MODELS)
    assert [one["name"] for one in models["models"]] == ["identity"]
    runs = mlflow.post("runs/search", experiment_ids=[experiment])["runs"]
    children = [one for one in runs if one["info"]["run_id"] != run]
    parents = [tag["value"] for one in children for tag in one["data"]["tags"] if tag["key"] == "mlflow.parentRunId"]
    assert parents == [run]
