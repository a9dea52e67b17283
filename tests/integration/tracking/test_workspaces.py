"""Projects in one MLflow: each sees its own experiments, runs, models and files, and nothing of the others'."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gristmill.core.clock import SystemClock
from gristmill.core.errors import NotFoundError
from gristmill.tracking.process import MlflowProcess
from gristmill.tracking.rest import TrackingClient
from gristmill.tracking.workspaces import WorkspacePerProject

READY_S = 120

CLOCK = SystemClock()
ADA, BOB = "user-ada", "user-bob"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[MlflowProcess]:
    process = MlflowProcess(folder, clock=CLOCK, environ={}, several_projects=True)
    assert process.wait_ready(READY_S).ready
    yield process
    process.stop()


@pytest.fixture
def mlflow(process: MlflowProcess) -> Iterator[TrackingClient]:
    client = TrackingClient(process.address, CLOCK, process.workspaces)
    yield client
    client.close()


def test_the_same_name_is_another_experiment_in_another_project(mlflow: TrackingClient) -> None:
    ids = {mlflow.of(project).ensure_experiment("train.ipynb") for project in (ADA, BOB, "default")}
    assert len(ids) == 3


def test_a_run_is_found_in_its_own_project_alone(mlflow: TrackingClient) -> None:
    ada, bob = mlflow.of(ADA), mlflow.of(BOB)
    run = ada.create_run("attempt_1", ada.ensure_experiment("train.ipynb"), "one", {})
    assert ada.get_run(run).id == run
    for other in (bob, mlflow.of("default"), mlflow):
        with pytest.raises(NotFoundError):
            other.get_run(run)


def test_models_of_one_name_are_each_project_s_own(mlflow: TrackingClient) -> None:
    mlflow.of(ADA).create_registered_model("churn")
    mlflow.of(BOB).create_registered_model("churn", "Bob's")
    assert [one.description or "" for one in mlflow.of(ADA).list_models()] == [""]
    assert [one.description for one in mlflow.of(BOB).list_models()] == ["Bob's"]
    assert mlflow.of("default").list_models() == ()


def test_the_same_path_is_another_file(process: MlflowProcess, mlflow: TrackingClient) -> None:
    where = "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/model.txt"
    with process.address.client(httpx.Timeout(30.0)) as client:
        for project in (ADA, BOB):
            put = client.put(where, content=project.encode(), headers=process.workspaces.headers(project))
            assert put.is_success, put.text
    path = "1/run/artifacts/model.txt"
    assert mlflow.of(ADA).read_artifact(path, 100) == ADA.encode()
    assert mlflow.of(BOB).read_artifact(path, 100) == BOB.encode()
    with pytest.raises(NotFoundError):
        mlflow.of("default").read_artifact(path, 100)


def test_a_workspace_that_is_there_is_taken_as_it_is(process: MlflowProcess, mlflow: TrackingClient) -> None:
    mlflow.of(ADA).ensure_experiment("kept.ipynb")
    assert WorkspacePerProject(process.address).headers(ADA) == process.workspaces.headers(ADA)


@pytest.mark.slow
def test_one_that_an_earlier_control_plane_has_left_for_a_single_project_is_replaced(tmp_path: Path) -> None:
    """What it has kept is of the project `default` then."""
    single = MlflowProcess(tmp_path, clock=CLOCK, environ={})
    assert single.wait_ready(READY_S).ready
    client = TrackingClient(single.address, CLOCK)
    experiment = client.ensure_experiment("train.ipynb")
    client.close()
    several = MlflowProcess(tmp_path, clock=CLOCK, environ={}, several_projects=True)
    try:
        assert several.wait_ready(READY_S).ready
        client = TrackingClient(several.address, CLOCK, several.workspaces)
        assert client.of("default").ensure_experiment("train.ipynb") == experiment
        assert client.of(ADA).ensure_experiment("train.ipynb") != experiment
        client.close()
    finally:
        several.stop()
