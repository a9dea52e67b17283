"""Endpoints as Lab's server half calls them: with this person's key, which no answer has unless it is asked for."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gristmill_lab.calling import calls, calls_with_key, delete, predict

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.endpoints.model import Answers, EndpointState, TryOut, TryOutRequest
from gristmill.models.model import ModelVersion
from tests.integration.cli.test_models_and_endpoints import LOG, TRAIN, write
from tests.integration.conftest import ControlPlane
from tests.waiting import until


@pytest.fixture(scope="module")
def version(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> ModelVersion:
    with control_plane.client() as client:
        run = client.wait(client.run(write(tmp_path_factory.mktemp("project"), TRAIN, LOG)))
        assert run.state == "succeeded", run.fault
        return client.register("plain", run)


@pytest.fixture(scope="module")
def served(control_plane: ControlPlane, version: ModelVersion) -> Iterator[str]:
    with control_plane.client() as client:
        yield client.deploy("plain", version, answers=Answers.PROBABILITIES).name


def test_it_answers_with_what_it_was_deployed_to(client: Client, served: str) -> None:
    answered = predict(client, served, b'{"dataframe_records": [{"x": 3.0, "y": 0.0}]}')
    ((no, yes),) = answered.answer["predictions"]
    assert no + yes == pytest.approx(1)
    assert answered.milliseconds > 0
    with pytest.raises(InvalidInputError, match="'x'"):
        predict(client, served, b'{"dataframe_records": [{"x": "many", "y": 0.0}]}')


def test_the_key_is_in_what_is_to_be_pasted_only_where_it_was_asked_for(client: Client, served: str) -> None:
    key = client.key(client.send(api.get_endpoint(served)))
    plain, keyed = calls(client, served), calls_with_key(client, served)
    assert key not in plain.curl + plain.python
    assert key in keyed.curl
    ran = subprocess.run([sys.executable, "-I", "-c", keyed.python], capture_output=True, text=True, check=True)
    assert "predictions" in ran.stdout


def test_the_python_to_be_pasted_runs_in_an_environment_without_gristmill(
    client: Client, served: str, control_plane: ControlPlane
) -> None:
    """A notebook's kernel may be of the project's own environment; the command `gristmill` is on its path."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environ = os.environ | {"GRISTMILL_HOME": str(control_plane.home), "PATH": os.pathsep.join(places)}
    bare = [sys.executable, "-I", "-S", "-c", calls(client, served).python]
    assert "predictions" in subprocess.run(bare, env=environ, capture_output=True, text=True, check=True).stdout


def test_traffic_says_how_much_was_asked_and_by_whom(client: Client, served: str) -> None:
    before = client.send(api.get_traffic(served))
    predict(client, served, b'{"dataframe_records": [{"x": 3.0, "y": 0.0}]}')
    after = client.send(api.get_traffic(served))
    assert after.requests == before.requests + 1
    assert sum(after.counts) == after.requests
    (caller,) = after.callers
    assert caller.created_by is not None
    assert "serves" in client.send(api.get_endpoint_log(served)).text


def test_a_try_out_says_what_an_endpoint_would_and_leaves_nothing(
    client: Client, version: ModelVersion, control_plane: ControlPlane
) -> None:
    tried = client.send(api.begin_try_out(TryOutRequest(model=version.name, version=version.version)))

    def outcome() -> TryOut | None:
        now = client.send(api.get_try_out(tried.id))
        return None if now.state is EndpointState.STARTING else now

    told = until(outcome, timeout=120, what="the try-out has an outcome")
    assert told is not None
    assert told.status is not None, told.message
    assert (told.status.answer, told.status.answers) == ([0, 0], Answers.LABELS)
    assert tried.id not in {one.id for one in client.send(api.list_endpoints())}
    until(lambda: not [one for one in control_plane.processes() if tried.id in one], what="its processes are gone")
    client.send(api.end_try_out(tried.id))
    with pytest.raises(NotFoundError):
        client.send(api.get_try_out(tried.id))


def test_a_deleted_endpoint_takes_its_key_along(client: Client, served: str) -> None:
    endpoint = client.send(api.get_endpoint(served))
    assert client.keys.find(endpoint) is not None
    assert delete(client, served).id == endpoint.id
    assert client.keys.find(endpoint) is None
