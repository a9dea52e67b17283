"""The control plane's own requests to a real MLflow."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gristmill.core.clock import SystemClock
from gristmill.core.errors import InvalidInputError, NotFoundError, TooLargeError, UnavailableError
from gristmill.snapshots.model import MAX_PATH_BYTES, check_path
from gristmill.tracking.address import local_address
from gristmill.tracking.model import ATTEMPT_TAG, PARENT_TAG, TrackedStatus, experiment_name
from gristmill.tracking.process import MlflowProcess
from gristmill.tracking.rest import TrackingClient

API = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def raw(mlflow: MlflowProcess) -> httpx.Client:
    """What a notebook would do, past the proxy."""
    return mlflow.address.client(httpx.Timeout(30))


@pytest.fixture(scope="module", autouse=True)
def close(raw: httpx.Client) -> Iterator[None]:
    yield
    raw.close()


@pytest.fixture
def experiment(tracking: TrackingClient, request: pytest.FixtureRequest) -> str:
    return tracking.ensure_experiment(f"rest/{request.node.name}")


def child_of(raw: httpx.Client, experiment: str, parent: str) -> str:
    body = {"experiment_id": experiment, "tags": [{"key": PARENT_TAG, "value": parent}], "start_time": 1}
    return str(raw.post(f"{API}/runs/create", json=body).json()["run"]["info"]["run_id"])


def model_of(raw: httpx.Client, experiment: str, run: str, name: str = "model") -> str:
    body = {"experiment_id": experiment, "name": name, "source_run_id": run}
    model = str(raw.post(f"{API}/logged-models", json=body).json()["model"]["info"]["model_id"])
    raw.patch(f"{API}/logged-models/{model}", json={"model_id": model, "status": 2}).raise_for_status()
    return model


def test_an_experiment_is_made_once_and_comes_back_when_it_was_deleted(
    tracking: TrackingClient, raw: httpx.Client
) -> None:
    first = tracking.ensure_experiment("rest/ünïcode 'name'")
    assert tracking.ensure_experiment("rest/ünïcode 'name'") == first
    raw.post(f"{API}/experiments/delete", json={"experiment_id": first}).raise_for_status()
    assert tracking.ensure_experiment("rest/ünïcode 'name'") == first
    assert tracking.find_or_create_run("att_restored", first, "n", {})


def test_the_notebook_with_the_longest_path_has_an_experiment(tracking: TrackingClient) -> None:
    notebook = check_path("/".join(["a" * 199] * (MAX_PATH_BYTES // 200)))
    name = experiment_name("default", notebook)
    first = tracking.ensure_experiment(name)
    assert tracking.ensure_experiment(name) == first
    assert tracking.find_or_create_run("att_long", first, "n", {"mlflow.source.name": notebook})


def test_an_attempt_has_one_run(tracking: TrackingClient, experiment: str) -> None:
    run_id = tracking.find_or_create_run("att_1", experiment, "train 3", {"team": "growth"})
    assert tracking.find_or_create_run("att_1", experiment, "another name", {}) == run_id
    assert tracking.find_or_create_run("att_11", experiment, "train 3", {}) != run_id
    run = tracking.get_run(run_id)
    assert (run.name, run.status, run.ended_at) == ("train 3", TrackedStatus.RUNNING, None)
    assert run.tags["team"] == "growth"
    assert run.tags[ATTEMPT_TAG] == "att_1"
    assert run.artifact_path == f"{experiment}/{run_id}/artifacts"


def test_of_two_runs_of_one_attempt_everybody_takes_the_first(
    tracking: TrackingClient, raw: httpx.Client, experiment: str
) -> None:
    """So it is after an answer that was lost."""
    tag = {"key": ATTEMPT_TAG, "value": "att_lost"}
    body = {"experiment_id": experiment, "tags": [tag], "start_time": 5}
    first = raw.post(f"{API}/runs/create", json=body).json()["run"]["info"]["run_id"]
    raw.post(f"{API}/runs/create", json={**body, "start_time": 6}).raise_for_status()
    assert tracking.find_or_create_run("att_lost", experiment, "n", {}) == first


def test_what_a_notebook_logged_is_read(tracking: TrackingClient, raw: httpx.Client, experiment: str) -> None:
    run_id = tracking.find_or_create_run("att_read", experiment, "n", {})
    metrics = [{"key": "auc", "value": value, "timestamp": step, "step": step} for step, value in enumerate((0.1, 0.9))]
    metrics += [{"key": "nan", "value": "NaN", "timestamp": 1, "step": 0}]
    body = {"run_id": run_id, "metrics": metrics, "params": [{"key": "depth", "value": "3"}]}
    raw.post(f"{API}/runs/log-batch", json=body).raise_for_status()
    tracking.set_tags(run_id, {"late": "yes"})
    run = tracking.get_run(run_id)
    assert run.metrics["auc"] == 0.9
    assert run.metrics["nan"] != run.metrics["nan"]  # not a number
    assert run.params == {"depth": "3"}
    assert run.tags["late"] == "yes"


def test_ending_a_run_ends_what_is_open_below_it(tracking: TrackingClient, raw: httpx.Client, experiment: str) -> None:
    run_id = tracking.find_or_create_run("att_end", experiment, "n", {})
    child = child_of(raw, experiment, run_id)
    grandchild = child_of(raw, experiment, child)
    done = child_of(raw, experiment, run_id)
    raw.post(f"{API}/runs/update", json={"run_id": done, "status": "FINISHED", "end_time": 9}).raise_for_status()
    assert {one.id for one in tracking.child_runs(tracking.get_run(run_id))} == {child, grandchild, done}

    tracking.end_run(run_id, TrackedStatus.KILLED)
    statuses = [tracking.get_run(one).status for one in (run_id, child, grandchild, done)]
    assert statuses == [TrackedStatus.KILLED] * 3 + [TrackedStatus.FINISHED]
    assert tracking.get_run(run_id).ended_at is not None


def test_a_model_goes_from_its_run_to_the_registry(
    tracking: TrackingClient, raw: httpx.Client, experiment: str
) -> None:
    run_id = tracking.find_or_create_run("att_model", experiment, "n", {})
    other = child_of(raw, experiment, run_id)
    first, second = model_of(raw, experiment, run_id), model_of(raw, experiment, run_id, "other")
    below = model_of(raw, experiment, other)
    assert [model.id for model in tracking.logged_models(run_id)] == [first, second]
    assert [model.id for model in tracking.logged_models(other)] == [below]
    model = tracking.logged_model(first)
    assert (model.name, model.run_id, model.ready) == ("model", run_id, True)
    assert model.artifact_path == f"{experiment}/models/{first}/artifacts"

    tracking.create_registered_model("churn's", "what it is")
    tracking.create_registered_model("churn's")
    version = tracking.create_version("churn's", source=f"models:/{first}", run_id=run_id, tags={"gristmill.run": "r"})
    assert (version.version, version.model_id, version.run_id) == ("1", first, run_id)
    tracking.create_version("churn's", source=f"models:/{second}", description="better")
    assert [one.version for one in tracking.list_versions("churn's")] == ["1", "2"]
    assert tracking.get_version("churn's", "2").description == "better"
    assert tracking.get_version("churn's", "1").tags["gristmill.run"] == "r"
    assert tracking.version_path("churn's", "1") == model.artifact_path
    assert tracking.registered_model("churn's").description == "what it is"
    assert "churn's" in [one.name for one in tracking.list_models()]


def test_prompts_are_no_models(tracking: TrackingClient, raw: httpx.Client) -> None:
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    raw.post(f"{API}/registered-models/create", json={"name": "a prompt", "tags": tags}).raise_for_status()
    assert "a prompt" not in [one.name for one in tracking.list_models()]


def test_artifacts_are_listed_and_read(tracking: TrackingClient, raw: httpx.Client, experiment: str) -> None:
    run_id = tracking.find_or_create_run("att_files", experiment, "n", {})
    root = f"{experiment}/{run_id}/artifacts"
    for name in ("a b.txt", "deep/100%.json"):
        raw.put(
            f"/api/2.0/mlflow-artifacts/artifacts/{root}/{name.replace('%', '%25')}", content=name.encode()
        ).raise_for_status()
    listed = tracking.list_artifacts(root)
    assert [(entry.path, entry.folder, entry.size) for entry in listed] == [
        (f"{root}/a b.txt", False, 7),
        (f"{root}/deep", True, None),
    ]
    assert tracking.list_artifacts(f"{root}/nothing") == ()
    assert tracking.read_artifact(f"{root}/a b.txt", 7) == b"a b.txt"
    assert tracking.read_artifact(f"{root}/deep/100%.json", 100) == b"deep/100%.json"
    with pytest.raises(TooLargeError, match="larger than 6 bytes"):
        tracking.read_artifact(f"{root}/a b.txt", 6)
    with pytest.raises(NotFoundError):
        tracking.read_artifact(f"{root}/c.txt", 6)
    for path in ("../x", "a/../../x", "/etc/passwd", ""):
        with pytest.raises(InvalidInputError):
            tracking.read_artifact(path, 6)


def test_what_is_not_there_is_said_in_mlflows_words(tracking: TrackingClient) -> None:
    with pytest.raises(NotFoundError, match="Run with id=x not found"):
        tracking.get_run("x")
    with pytest.raises(NotFoundError, match="m-x"):
        tracking.logged_model("m-x")
    with pytest.raises(NotFoundError, match="name=nothing"):
        tracking.get_version("nothing", "1")
    with pytest.raises(InvalidInputError, match="integer"):
        tracking.get_version("nothing", "one")
    with pytest.raises(NotFoundError):
        tracking.create_version("nothing", source="models:/m-x")


def test_without_mlflow_it_is_said_so(tmp_path: Path) -> None:
    client = TrackingClient(local_address(tmp_path / "mlflow"), SystemClock())
    with pytest.raises(UnavailableError, match="MLflow is not there") as caught:
        client.ensure_experiment("x")
    assert caught.value.hint is not None
    with pytest.raises(UnavailableError):
        client.read_artifact("a/b", 1)
    client.close()
