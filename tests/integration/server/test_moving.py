"""A control plane whose port was taken while it was away: it moves, and what lives follows."""

import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.wire import ServerStatus
from gristmill.endpoints.model import DeployRequest, Endpoint, EndpointState
from gristmill.runs.model import RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.integration.server.test_faults import PATIENT, at_it
from tests.stranger import stranger
from tests.waiting import until

TRAIN = """
import mlflow, numpy
from sklearn.linear_model import LogisticRegression
x = numpy.array([[0.0], [1.0], [2.0], [3.0]])
mlflow.sklearn.log_model(
    LogisticRegression().fit(x, [0, 0, 1, 1]), name="m", input_example=x[:2], pip_requirements=["scikit-learn"]
)
"""


LOGS_BEFORE_AND_AFTER = """
import mlflow
mlflow.log_metric("before", 1)
{patient}
mlflow.log_metric("after", 2)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_notebook_logs_itself_follows_too(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    gate = control_plane.home / "gate of what logs"
    patient = PATIENT.format(mark=str(control_plane.home / "mark of what logs"), gate=str(gate))
    run = client.run(notebook(LOGS_BEFORE_AND_AFTER.format(patient=patient)))
    at_it(client, run)
    before = client.url
    control_plane.kill()
    with stranger(int(before.rpartition(":")[2])) as (other, _), control_plane.client() as again:
        assert again.url != before
        gate.touch()
        over = again.wait(run)
        assert over.state is RunState.SUCCEEDED, over.fault
        assert {name: metric.value for name, metric in over.metrics.items()} == {"before": 1, "after": 2}
    assert other.tokens == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_and_an_endpoint_follow_a_control_plane_that_moved(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    endpoint = deployed(client, notebook)
    gate = control_plane.home / "gate"
    run = client.run(notebook(PATIENT.format(mark=str(control_plane.home / "mark"), gate=str(gate))))
    at_it(client, run)
    supervisors = serving(control_plane)
    before = client.url
    control_plane.kill()
    with stranger(int(before.rpartition(":")[2])) as (other, _), control_plane.client() as again:
        assert again.url != before
        gate.touch()
        assert again.wait(run).state is RunState.SUCCEEDED
        request = DeployRequest(model="m", version="1", open=True)
        moved = again.wait_for_endpoint(again.send(api.deploy(endpoint.name, request)))
        assert (moved.generation, moved.port) == (2, endpoint.port)
        assert serving(control_plane) == supervisors, "no supervisor was started anew"
    assert other.tokens == []
    assert "is taken by another program" in (control_plane.home / "server.log").read_text()


def deployed(client: Client, notebook: WriteNotebook) -> Endpoint:
    run = client.wait(client.run(notebook(TRAIN, name="train.ipynb")))
    assert run.state is RunState.SUCCEEDED, run.fault

    def ready() -> bool:
        status: ServerStatus = client.send(api.status())
        return status.tracking == "ready"

    until(ready, what="MLflow is ready")
    found = client.deploy("moving", client.register("m", run), open=True)
    assert found.state is EndpointState.READY
    return found


def serving(control_plane: ControlPlane) -> list[int]:
    """The supervisors' process ids."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "gristmill.serving" in line and any(str(control_plane.home) in part for part in line):
            found.append(process.pid)
    return found
