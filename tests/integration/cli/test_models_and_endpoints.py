"""From a run to a registered version to an endpoint, by commands alone."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gristmill.client import api
from tests.integration.cli.conftest import PATIENCE, environment
from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane

# As a notebook that knows nothing of Gristmill would have it: plain MLflow.
TRAIN = """\
import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
model = LogisticRegression().fit(X, [0, 0, 1, 1])
mlflow.log_metric("auc", 0.9)
"""
LOG = """\
signature = mlflow.models.infer_signature(X, model.predict(X))
mlflow.sklearn.log_model(model, name="plain", input_example=X.head(2), signature=signature)
"""
LOG_BARE = """mlflow.sklearn.log_model(model, name="bare")"""


def write(folder: Path, *cells: str) -> Path:
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {},
                "source": cell,
                "outputs": [],
                "execution_count": None,
            }
            for index, cell in enumerate(cells)
        ],
    }
    path = folder / "plain.ipynb"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(scope="module")
def trained(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The number of a run that logged two models."""
    with control_plane.client() as client:
        path = write(tmp_path_factory.mktemp("project"), TRAIN, LOG, LOG_BARE)
        run = client.wait(client.run(path))
    assert run.state == "succeeded", run.fault
    return str(run.number)


@pytest.fixture(scope="module")
def served(control_plane: ControlPlane, trained: str) -> Iterator[str]:
    """The name of an endpoint that serves the model with signature and example."""
    with control_plane.client() as client:
        version = client.register("plain", trained, model="plain")
        client.deploy("plain", version)
        yield "plain"
        client.send(api.delete_endpoint("plain"))


def test_of_several_models_one_must_be_named(gristmill: Gristmill, trained: str) -> None:
    ran = gristmill("models", "register", "several", "--run", trained, status=3)
    assert "logged 2 models" in ran.err
    assert "--model" in ran.err


def test_a_version_without_signature_is_registered_with_a_suggestion(gristmill: Gristmill, trained: str) -> None:
    ran = gristmill("models", "register", "bare", "--run", trained, "--model", "bare")
    assert "✓ bare/1" in ran.out
    assert "gristmill deploy bare/1" in ran.out
    assert "has no signature" in ran.err
    assert "infer_signature" in gristmill("models", "show", "bare").err


def test_models_are_listed_and_shown(gristmill: Gristmill, served: str, trained: str) -> None:
    assert "plain" in gristmill("models", "list").out
    words = [" ".join(line.split()) for line in gristmill("models", "show", "plain").out.splitlines()]
    assert any(line.startswith(f"made by plain-{trained}") for line in words)
    assert "x double" in words
    assert "auc 0.9000" in words
    assert gristmill("models", "show", "plain/1", "--json").json["input_example"]["dataframe_split"]["columns"] == [
        "x",
        "y",
    ]
    gristmill("models", "show", "nothing", status=4)
    gristmill("models", "show", "plain/99", status=4)


def test_a_deployment_is_told_phase_by_phase_and_ends_with_calls_that_work(
    gristmill: Gristmill, served: str, control_plane: ControlPlane, tmp_path: Path
) -> None:
    ran = gristmill("deploy", "plain/1", "--endpoint", "second")
    lines = [line.strip() for line in ran.out.splitlines()]
    assert any(line.startswith("● ready") for line in lines)
    assert any("answer to its input example [0, 0]" in line for line in lines)
    curl = next(line for line in lines if line.startswith("curl "))
    answer = subprocess.run(
        ["sh", "-c", curl], env=environment(control_plane), capture_output=True, timeout=PATIENCE, check=True
    )
    assert json.loads(answer.stdout) == {"predictions": [0]}
    snippet = "\n".join(line.removeprefix("  ") for line in ran.out.split("From Python\n")[1].splitlines())
    said = subprocess.run(
        [sys.executable, "-c", snippet],
        env=environment(control_plane),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert said.stdout == "{'predictions': [0, 0]}\n"
    assert "second" in gristmill("endpoints", "list").out
    assert "is deleted" in gristmill("endpoints", "delete", "second").out
    gristmill("endpoints", "show", "second", status=4)


def test_an_endpoint_is_asked_with_its_example_with_json_with_a_file_and_by_stdin(
    gristmill: Gristmill, served: str, tmp_path: Path
) -> None:
    body = '{"dataframe_records": [{"x": 3.0, "y": 0.0}]}'
    (tmp_path / "body.json").write_text(body)
    ran = gristmill("endpoints", "predict", served)
    assert json.loads(ran.out) == {"predictions": [0, 0]}
    assert ran.err.endswith(" ms\n")
    for arguments, text in ((["-d", body], ""), (["--data", "@body.json"], ""), (["-d", "-"], body)):
        assert gristmill("endpoints", "predict", served, *arguments, text=text).out == '{"predictions": [1]}\n'
    assert gristmill("endpoints", "predict", served, "-d", body, "--json").json["answer"] == {"predictions": [1]}


def test_a_wrong_request_is_refused_with_row_and_column(gristmill: Gristmill, served: str) -> None:
    wrong = '{"dataframe_records": [{"x": 1.0, "y": 1.0}, {"x": "much", "y": 1.0}]}'
    ran = gristmill("endpoints", "predict", served, "-d", wrong, status=3)
    assert "row 1" in ran.err
    assert "'x'" in ran.err
    problem = json.loads(gristmill("endpoints", "predict", served, "-d", wrong, "--json", status=3).err)
    assert problem["code"] == "invalid_input"
    assert "is not JSON" in gristmill("endpoints", "predict", served, "-d", "{", status=3).err
    assert "cannot be read" in gristmill("endpoints", "predict", served, "-d", "@nowhere", status=4).err


def test_a_key_is_issued_once_and_kept_for_its_person(
    gristmill: Gristmill, served: str, control_plane: ControlPlane
) -> None:
    key = gristmill("endpoints", "key", served).out.strip()
    assert key.startswith("gm_e_")
    assert gristmill("endpoints", "key", served).out.strip() == key
    assert (control_plane.home / "keys" / served).stat().st_mode & 0o777 == 0o600
    other = gristmill("endpoints", "key", served, "--new", "--json").json["key"]
    assert other != key
    assert gristmill("endpoints", "key", served).out.strip() == other
    assert json.loads(gristmill("endpoints", "predict", served).out) == {"predictions": [0, 0]}


def test_a_key_is_made_for_somebody_listed_and_revoked(gristmill: Gristmill, served: str) -> None:
    made = gristmill("endpoints", "keys", "create", served, "--name", "dashboard", "--json").json
    url = gristmill("endpoints", "show", served, "--json").json["url"]

    def status() -> int:
        headers = {"Authorization": f"Bearer {made['key']}"}
        return httpx.post(f"{url}/invocations", json={"inputs": {"x": [3.0], "y": [0.0]}}, headers=headers).status_code

    assert status() == 200
    listed = gristmill("endpoints", "keys", "list", served).out
    assert made["id"] in listed
    assert "dashboard" in listed
    assert made["key"] not in listed
    assert (
        "has a key 'dashboard' already"
        in gristmill("endpoints", "keys", "create", served, "--name", "dashboard", status=5).err
    )
    gristmill("endpoints", "keys", "revoke", served, "dashboard", "--yes")
    assert status() == 401
    assert made["id"] not in gristmill("endpoints", "keys", "list", served).out
    assert "has no key" in gristmill("endpoints", "keys", "revoke", served, made["id"], "--yes", status=4).err
    assert json.loads(gristmill("endpoints", "predict", served).out) == {"predictions": [0, 0]}


def test_an_endpoint_is_shown_with_its_calls(gristmill: Gristmill, served: str) -> None:
    out = gristmill("endpoints", "show", served).out
    assert "● ready  plain in target dev" in out
    assert "by API key" in out
    assert "/invocations" in shlex.split(next(line for line in out.splitlines() if "curl" in line))[2]


def test_a_version_that_is_not_there_is_not_deployed(gristmill: Gristmill, served: str) -> None:
    assert gristmill("deploy", "plain/99", "--endpoint", "nothing", status=4).err
    assert "expected MODEL/VERSION" in gristmill("deploy", "plain", "--endpoint", "nothing", status=2).err
    assert "is not allowed" in gristmill("deploy", "plain/1", "--endpoint", "No Name", status=3).err


def test_a_model_that_does_not_load_says_why_and_what_serves_goes_on(
    gristmill: Gristmill, served: str, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """It was pickled with a class that is not there any more."""
    (tmp_path / "gone.py").write_text("class Model:\n    def predict(self, X): return [0 for _ in range(len(X))]\n")
    code = (
        "import gone, mlflow\n"
        "class Wrapped(mlflow.pyfunc.PythonModel):\n"
        "    def __init__(self): self.model = gone.Model()\n"
        "    def predict(self, context, model_input: list[str]): return self.model.predict(model_input)\n"
        "mlflow.pyfunc.log_model(name='gone', python_model=Wrapped(), input_example=['a'])"
    )
    number = gristmill("run", write(tmp_path, code), "--json").json["number"]
    gristmill("models", "register", "gone", "--run", str(number))
    ran = gristmill("deploy", "gone/1", "--endpoint", served, status=70)
    assert "gone" in ran.err
    assert json.loads(gristmill("endpoints", "predict", served, "-d", '{"inputs": {"x": [3.0], "y": [0.0]}}').out)
    gristmill("deploy", "plain/1", "--endpoint", served)


def test_pages_open_by_a_link(gristmill: Gristmill, served: str, trained: str) -> None:
    for what in ("mlflow", trained, "plain", "plain/1"):
        assert "/open/" in gristmill("open", what, "--print").out
    assert "names no run and no model" in gristmill("open", "nothing", "--print", status=4).err
    assert os.environ.get("BROWSER") is None or gristmill("open", "--json").json["url"]
