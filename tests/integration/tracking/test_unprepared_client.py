"""MLflow's own client, unmodified, with an attempt's address and token in its environment."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gristmill.tracking.model import EXPERIMENT_TAG, PARENT_TAG, RESERVED_TAGS, TrackedStatus
from gristmill.tracking.process import MlflowProcess
from gristmill.tracking.store import OwnedKind, owned_by
from tests.integration.tracking.conftest import Attempt, Site
from tests.waiting import until

SCRIPT = Path(__file__).parent / "unprepared.py"


@pytest.mark.slow
def test_an_unprepared_notebook_lands_on_the_attempts_own_run(site: Site, tmp_path: Path) -> None:
    """`set_experiment`, runs nested and one after the other, autolog, models, files, traces, searches."""
    attempt = site.attempt("att_unprepared", "default/train.ipynb")
    tracking = site.tracking
    out = run_script(SCRIPT, site, attempt, tmp_path)

    assert out["experiment"] == attempt.experiment_id
    assert out["first"] == attempt.run_id, "the first run is the attempt's"
    run = tracking.get_run(attempt.run_id)
    assert run.name == "first"
    assert run.status is TrackedStatus.FINISHED
    assert run.tags[EXPERIMENT_TAG] == "my churn experiment", "what it wished for is kept"
    assert run.tags[f"{EXPERIMENT_TAG}.team"] == "growth"
    assert run.tags["t"] == "u"
    assert run.params == {"depth": "3", "p": "q"}
    assert {key: run.metrics[key] for key in ("auc", "batched")} == {"auc": 0.91, "batched": 1.5}
    assert run.metrics["nan"] != run.metrics["nan"]
    files = {entry.path.rpartition("/")[2]: entry for entry in tracking.list_artifacts(run.artifact_path)}
    assert set(files) >= {"deep", "big.bin", "plot.png"}
    assert files["big.bin"].size == 3_000_000
    assert out["download"] == '{\n  "a": 1\n}'

    children = {child.id: child for child in tracking.child_runs(run)}
    assert set(children) == {out["inner"], out["second"]}
    assert children[out["inner"]].tags[PARENT_TAG] == attempt.run_id
    second = children[out["second"]]
    assert second.tags[PARENT_TAG] == attempt.run_id, "a run after the first is below it"
    assert second.params["C"] == "0.5", "autolog"
    assert second.experiment_id == attempt.experiment_id
    assert set(out["found"]) == {attempt.run_id, *children}

    (model,) = tracking.logged_models(attempt.run_id)
    assert model.id == out["model"]
    assert (out["same"], out["version"]) == (True, "1")
    version = tracking.get_version("unprepared", "1")
    assert (version.model_id, version.run_id) == (model.id, attempt.run_id)
    (autologged,) = tracking.logged_models(out["second"])

    with site.db.read() as tx:
        assert set(owned_by(tx, attempt.id, OwnedKind.RUN)) == set(children)
        assert owned_by(tx, attempt.id, OwnedKind.MODEL) == (model.id, autologged.id)
        assert owned_by(tx, attempt.id, OwnedKind.TRACE) == tuple(out["traces"])
    assert len(out["traces"]) == 1
    reserved = [key for key in run.tags if key.startswith(RESERVED_TAGS)]
    assert sorted(reserved) == ["gristmill.attempt", EXPERIMENT_TAG, f"{EXPERIMENT_TAG}.team"]


def environment(site: Site, attempt: Attempt, folder: Path) -> dict[str, str]:
    """What a kernel finds of MLflow in its environment."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")},
        "MLFLOW_TRACKING_URI": f"{site.url}/mlflow",
        "MLFLOW_TRACKING_TOKEN": attempt.token,
        "MLFLOW_RUN_ID": attempt.run_id,
        "MLFLOW_EXPERIMENT_ID": attempt.experiment_id,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "HOME": str(folder),
        "PYTHONWARNINGS": "ignore",
    }


def run_script(script: Path, site: Site, attempt: Attempt, folder: Path) -> dict[str, Any]:
    environ = environment(site, attempt, folder)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environ, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


BRIDGING = """
import sys, mlflow
with mlflow.start_run():
    print("started", flush=True)
    sys.stdin.readline()
    mlflow.log_metric("bridged", 1)
    with mlflow.start_run(nested=True):
        mlflow.log_dict({"a": 1}, "a.json")
print("ended", flush=True)
"""


@pytest.mark.slow
def test_mlflows_client_goes_on_when_mlflow_was_killed(site: Site, tmp_path: Path, mlflow: MlflowProcess) -> None:
    """It tries again by itself, as long as its answers say that this may help."""
    attempt = site.attempt("att_bridge", "default/bridge.ipynb")
    with subprocess.Popen(
        [sys.executable, "-c", BRIDGING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment(site, attempt, tmp_path), "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "10"},
        cwd=tmp_path,
        text=True,
    ) as notebook:
        assert notebook.stdin is not None
        assert notebook.stdout is not None
        assert notebook.stdout.readline() == "started\n"
        assert mlflow.pid is not None
        os.kill(mlflow.pid, signal.SIGKILL)
        until(lambda: mlflow.pid is None)
        notebook.stdin.write("\n")
        notebook.stdin.flush()
        assert mlflow.wait_ready(120).ready
        assert notebook.stdout.readline().startswith("🏃")
        assert "ended" in notebook.stdout.read()
    run = site.tracking.get_run(attempt.run_id)
    assert run.metrics == {"bridged": 1}
    assert len(site.tracking.child_runs(run)) == 1
