"""MLflow's own client, unmodified, with an attempt's address and token in its environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

from gristmill.tracking.model import EXPERIMENT_TAG, PARENT_TAG, TrackedStatus

SCRIPT = Path(__file__).parent / "unprepared.py"


def test_an_unprepared_notebook_lands_on_the_attempts_own_run(site, tmp_path):
    attempt = site.attempt("att_unprepared", "default/train.ipynb")

    out = run_script(site, attempt, tmp_path)

    assert out["experiment"] == attempt.experiment_id
    assert out["first"] == attempt.run_id
    run = site.tracking.get_run(attempt.run_id)
    assert run.tags[EXPERIMENT_TAG] == "my churn experiment"
    assert run.tags[f"{EXPERIMENT_TAG}.team"] == "growth"
    assert run.metrics["auc"] == 0.91
    assert run.metrics["batched"] == 1.5
    assert run.params["depth"] == "3"
    assert run.status is TrackedStatus.FINISHED
    print(out)


def run_script(site, attempt, tmp_path):
    environ = {
        **{key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")},
        "MLFLOW_TRACKING_URI": f"{site.url}/mlflow",
        "MLFLOW_TRACKING_TOKEN": attempt.token,
        "MLFLOW_RUN_ID": attempt.run_id,
        "MLFLOW_EXPERIMENT_ID": attempt.experiment_id,
        "HOME": str(tmp_path),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, env=environ, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])
