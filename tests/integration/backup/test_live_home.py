"""A home that lives is backed up and comes back elsewhere; what nothing refers to any more goes."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core import collection
from gristmill.core.database import metadata
from gristmill.runs.model import Run, RunState
from gristmill.server import app
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TRAIN = """\
import mlflow
import pandas as pd
from pathlib import Path
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
model = LogisticRegression().fit(X, [0, 0, 1, 1])
mlflow.sklearn.log_model(model, name="plain", input_example=X.head(2), pip_requirements=["scikit-learn"])
Path("report.txt").write_text("all is well")
print("logged")
"""
WAIT = """\
import time
from pathlib import Path
print("waiting")
while not Path({gate!r}).exists():
    time.sleep(0.05)
"""
ROWS = {"dataframe_split": {"columns": ["x", "y"], "data": [[0.0, 1.0], [3.0, 0.0]]}}


@pytest.fixture(scope="module")
def control_plane_database() -> None:
    """SQLite: of another database its own tools make copies."""


def typed(home: Path, *words: str) -> Any:
    """What a command answers with `--json`."""
    ran = subprocess.run(
        [sys.executable, "-m", "gristmill.cli.main", *words, "--json"],
        env={**os.environ, "GRISTMILL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def begun(client: Client, run: Run) -> Run:
    until(lambda: client.send(api.get_run(run.id)).run.state is RunState.RUNNING, what="it runs")
    return client.send(api.get_run(run.id)).run


def test_a_home_backed_up_while_it_lives_comes_back_in_another_place(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook, tmp_path: Path
) -> None:
    done = client.wait(client.run(notebook(TRAIN)))
    assert done.state is RunState.SUCCEEDED, done.fault
    version = client.register("plain", done)
    client.deploy("plain", version)
    before = predicted(client)
    gate = tmp_path / "gate"
    alive = begun(client, client.run(notebook(WAIT.format(gate=str(gate)), name="wait.ipynb")))

    made = typed(control_plane.home, "backup", str(tmp_path / "backup"))
    assert made["lacking"] == []
    gate.touch()
    assert client.wait(alive).state is RunState.SUCCEEDED, "it goes on, as all does"
    assert predicted(client) == before
    executed = client.send(api.get_run(done.id)).attempts[0].executed_notebook
    control_plane.stop()

    copy = ControlPlane(tmp_path / "copy")
    restored = typed(tmp_path, "restore", str(tmp_path / "backup"), "--home", str(copy.home))
    assert restored["interrupted"] == 1
    try:
        with copy.client() as other:
            names = {run.name: run.state for run in other.send(api.list_runs())}
            assert names == {done.name: RunState.SUCCEEDED, alive.name: RunState.FAILED}
            detail = other.send(api.get_run(done.id))
            assert detail.attempts[0].executed_notebook == executed
            assert b"logged" in other.send(api.executed_notebook(done.id))
            assert other.send(api.get_output(done.id, "report.txt")) == b"all is well"
            until(lambda: other.send(api.status()).tracking == "ready", timeout=120, what="MLflow is there")
            assert [model.name for model in other.send(api.list_models())] == ["plain"]
            endpoint = other.wait_for_endpoint(other.ensure_key(other.send(api.get_endpoint("plain"))), timeout=120)
            assert endpoint.observed is not None
            assert predicted(other) == before
            again = other.wait(other.run(notebook("print(2)", name="later.ipynb")))
            assert again.state is RunState.SUCCEEDED
            assert again.number == alive.number + 1
        assert typed(copy.home, "audit", "verify")["broken_at"] is None
    finally:
        copy.stop()


def predicted(client: Client) -> list[Any]:
    with client.predictor("plain") as predictor:
        answer: list[Any] = predictor.predict(ROWS)["predictions"]
        return answer


def test_every_digest_of_a_blob_in_any_row_is_in_a_column_that_says_so(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    """By force: after real runs every cell of every table is searched for digests of blobs."""
    client.wait(client.run(notebook("print(1)\nopen('out.txt', 'w').write('x')", "1 / 0")))
    with closing(sqlite3.connect(control_plane.home / "gristmill.db")) as db:
        blobs = {row[0] for row in db.execute("SELECT digest FROM blobs")}
        assert len(blobs) > 4
        assert app.HOSTS, "it knows every word: all tables are in `metadata`"
        marked = {str(column) for place in collection.places() for column in place.columns}
        found: dict[str, set[str]] = {}
        for table in metadata.tables.values():
            for column in table.c:
                query: sa.Select[tuple[Any]] = sa.select(sa.column(column.name)).select_from(sa.table(table.name))
                for (value,) in db.execute(str(query.compile(dialect=sqlite.dialect()))):
                    named = set(re.findall(r"sha256:[0-9a-f]{64}", str(value))) & blobs
                    found.setdefault(str(column), set()).update(named)
    naming = {column for column, named in found.items() if named} - {"blobs.digest"}
    assert naming <= marked
    assert {"snapshots.body", "events.data", "outputs.digest", "attempts.executed_notebook"} <= naming
    assert blobs == set().union(*(found[column] for column in naming)), "nothing was stored for nothing"


def test_a_deleted_run_gives_back_what_it_alone_took(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    doomed = client.wait(client.run(notebook("print('doomed ' * 1000)", name="doomed.ipynb")))
    staying = client.wait(client.run(notebook("print('staying')", name="staying.ipynb")))
    executed = client.send(api.get_run(doomed.id)).attempts[0].executed_notebook
    assert executed is not None
    client.send(api.delete_run(doomed.id))
    age(control_plane.home)
    assert typed(control_plane.home, "gc", "--dry-run")["blobs"] > 0
    assert client.send(api.get_blob(executed))
    freed = typed(control_plane.home, "gc")
    assert freed["blobs"] >= 3
    assert freed["snapshots"] == 1
    assert not (control_plane.home / "blobs" / "sha256" / executed[7:9] / executed[9:]).exists()
    assert b"staying" in client.send(api.executed_notebook(staying.id))
    assert client.wait(client.send(api.rerun(staying.id))).state is RunState.SUCCEEDED
    assert typed(control_plane.home, "gc")["blobs"] == 0


def age(home: Path) -> None:
    """Two days go by, as far as blobs and snapshots know."""
    with closing(sqlite3.connect(home / "gristmill.db", timeout=30)) as db, db:
        for table in ("blobs", "snapshots"):
            then = "datetime(coalesce(touched_at, created_at), '-2 days') || '.000000'"
            db.execute(f"UPDATE {table} SET touched_at = {then}")  # noqa: S608  # two names of ours
