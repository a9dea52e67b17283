"""Where MLflow's pages show a run, a model, a version; what stands behind # is for these pages alone."""

from urllib.parse import quote

from gristmill.client.call import call
from gristmill.client.client import Client
from gristmill.core.errors import ConflictError
from gristmill.runs.model import Run

FIRST = "/mlflow/"


def model_page(name: str) -> str:
    return f"{FIRST}#/models/{quote(name, safe='')}"


def version_page(name: str, version: str) -> str:
    return f"{model_page(name)}/versions/{quote(version, safe='')}"


def run_page(client: Client, run: Run) -> str:
    """MLflow names the experiment too, which only it knows.

    Raises:
        ConflictError: the run has not started, and so has no MLflow run.
    """
    tracked = run.attempt.tracking_run if run.attempt else None
    if tracked is None:
        raise ConflictError(f"run {run.name} has no MLflow run yet", hint="It gets one when it starts.")
    answer = client.send(call("GET", "/mlflow/api/2.0/mlflow/runs/get", dict, query={"run_id": tracked}))
    experiment = answer["run"]["info"]["experiment_id"]
    return f"{FIRST}#/experiments/{experiment}/runs/{tracked}"
