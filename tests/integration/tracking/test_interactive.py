"""MLflow's own client in a kernel that a person works with, through the proxy of a real MLflow."""

from pathlib import Path

import pytest

from gristmill.core.scopes import PERSON_SCOPES, Actor, ActorKind
from gristmill.interactive.model import InteractiveRequest
from gristmill.interactive.service import InteractiveSessions
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.tracking.model import EXPERIMENT_TAG, INTERACTIVE_TAG, PARENT_TAG, TrackedStatus
from tests.integration.tracking.conftest import CLOCK, Attempt, Site
from tests.integration.tracking.test_unprepared_client import run_script

BY_HAND = """
import json, mlflow
mlflow.set_experiment("my own name for it")
with mlflow.start_run(run_name="first") as first:
    mlflow.log_metric("auc", 0.9)
    mlflow.log_dict({"a": 1}, "a.json")
    with mlflow.start_run(nested=True) as inner:
        mlflow.log_param("depth", 3)
second = mlflow.start_run()
mlflow.log_metric("loss", 0.1)
print(json.dumps({"first": first.info.run_id, "inner": inner.info.run_id, "second": second.info.run_id}), flush=True)
import os; os._exit(0)
"""
ADA = Actor(id="a", project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=PERSON_SCOPES)


@pytest.fixture
def sessions(site: Site) -> InteractiveSessions:
    return InteractiveSessions(db=site.db, tracking=site.tracking, clock=CLOCK, url=site.url)


def begin(site: Site, sessions: InteractiveSessions, notebook: str) -> Attempt:
    started = sessions.start(ADA, InteractiveRequest(notebook=notebook))
    site.tracked[started.session.id] = (None, started.session.experiment_id)
    return Attempt(id=started.session.id, run_id="", experiment_id=started.session.experiment_id, token=started.token)


@pytest.mark.slow
def test_what_is_done_by_hand_is_in_the_notebooks_experiment(
    site: Site, sessions: InteractiveSessions, tmp_path: Path
) -> None:
    kernel = begin(site, sessions, "by/hand.ipynb")
    script = tmp_path / "by_hand.py"
    script.write_text(BY_HAND)
    out = run_script(script, site, kernel, tmp_path)
    runs = {name: site.tracking.get_run(run) for name, run in out.items()}
    for run in runs.values():
        assert run.experiment_id == kernel.experiment_id == site.tracking.ensure_experiment("default/by/hand.ipynb")
        assert run.tags[INTERACTIVE_TAG] == kernel.id
        assert run.tags[EXPERIMENT_TAG] == "my own name for it"
    assert PARENT_TAG not in runs["first"].tags, "what is made by hand is below nothing"
    assert runs["inner"].tags[PARENT_TAG] == out["first"]
    listed = sessions.list_runs(ADA, 10)
    assert [run.id for run in listed[:1]] == [out["second"]], "the newest first"
    assert {run.id for run in listed} == set(out.values())
    assert [run.id for run in site.tracking.open_runs(kernel.experiment_id, INTERACTIVE_TAG, kernel.id)] == [
        out["second"]
    ]
    assert runs["second"].status is TrackedStatus.RUNNING


def test_its_token_writes_to_nothing_but_its_own(site: Site, sessions: InteractiveSessions) -> None:
    attempt = site.attempt("att_beside", "default/beside.ipynb")
    kernel, other = begin(site, sessions, "beside.ipynb"), begin(site, sessions, "beside.ipynb")
    assert kernel.experiment_id == attempt.experiment_id
    client, colleague = site.client(kernel.token), site.client(other.token)
    api = "/api/2.0/mlflow"
    made = client.post(f"{api}/runs/create", json={"experiment_id": "0", "run_name": "mine"})
    run = made.json()["run"]
    assert run["info"]["experiment_id"] == kernel.experiment_id, "wherever it was asked for"
    mine = run["info"]["run_id"]
    tag = {"key": "k", "value": "v"}
    assert client.post(f"{api}/runs/set-tag", json={"run_id": mine, **tag}).status_code == 200
    for foreign in (attempt.run_id, "0" * 32):
        assert client.post(f"{api}/runs/set-tag", json={"run_id": foreign, **tag}).status_code == 403
    assert colleague.post(f"{api}/runs/set-tag", json={"run_id": mine, **tag}).status_code == 403
    assert site.client(attempt.token).post(f"{api}/runs/set-tag", json={"run_id": mine, **tag}).status_code == 403
    forged = {"run_id": mine, "key": INTERACTIVE_TAG, "value": other.id}
    assert client.post(f"{api}/runs/set-tag", json=forged).status_code == 403
    tags = [{"key": INTERACTIVE_TAG, "value": other.id}]
    assert client.post(f"{api}/runs/create", json={"tags": tags}).status_code == 403
    below = {"tags": [{"key": PARENT_TAG, "value": attempt.run_id}]}
    child = client.post(f"{api}/runs/create", json=below).json()["run"]["data"]["tags"]
    assert PARENT_TAG not in {one["key"] for one in child}, "a run is nobody else's child"
    assert client.post(f"{api}/registered-models/set-tag", json={"name": "x", **tag}).status_code == 403
    assert client.post(f"{api}/experiments/delete", json={"experiment_id": kernel.experiment_id}).status_code == 403
    model = client.post(f"{api}/logged-models", json={"experiment_id": "0", "name": "m"}).json()["model"]["info"]
    assert (model["experiment_id"], model.get("source_run_id", "")) == (kernel.experiment_id, "")
    sessions.end(ADA, kernel.id)
    assert client.get(f"{api}/runs/get", params={"run_id": mine}).status_code == 401
