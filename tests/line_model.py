"""A model of one number, from a notebook to an endpoint: what clients of any control plane do with it."""

from pathlib import Path
from typing import Any

import httpx

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.endpoints.model import Endpoint, EndpointState
from gristmill.models.model import RegisterRequest
from gristmill.runs.model import RunState
from tests.waiting import until

ASKED = {"dataframe_split": {"columns": ["x"], "data": [[10.0]]}}


def training(slope: float) -> str:
    """A cell that logs a model which answers `slope` times what it is asked."""
    return f"""
import mlflow, pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression
table = pd.DataFrame({{"x": [0.0, 1.0, 2.0]}})
model = LinearRegression().fit(table, {slope} * table["x"])
signature = infer_signature(table, model.predict(table))
mlflow.sklearn.log_model(
    model, name="line", signature=signature, input_example=table[:1], pip_requirements=["scikit-learn"]
)
"""


def registered(client: Client, notebook: Path) -> str:
    """The version that a run of this notebook has logged."""
    run = client.wait(client.run(notebook))
    assert run.state is RunState.SUCCEEDED, run.fault
    return client.send(api.register_model("line", RegisterRequest(run=run.id))).version


def until_ready(client: Client, name: str, generation: int) -> Endpoint:
    def ready() -> Endpoint | None:
        found = client.send(api.get_endpoint(name))
        assert found.state is not EndpointState.FAILED, found.observed
        seen = found.observed
        there = seen is not None and seen.state is EndpointState.READY and seen.generation == generation
        return found if there else None

    found = until(ready, 180, f"generation {generation} of {name} is ready")
    assert found is not None
    return found


def ask(endpoint: Endpoint, key: str) -> Any:
    """The prediction; what was said instead, where there is none."""
    url = f"{endpoint.url}/invocations"
    try:
        answer = httpx.post(url, json=ASKED, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    except httpx.HTTPError as error:
        return repr(error)
    return answer.json()["predictions"][0] if answer.is_success else answer.text
