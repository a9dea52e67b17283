"""`gristmill server`, and the commands that look at the control plane."""

import json
from collections.abc import Iterator

import pytest

from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

SLOW = "import time\ntime.sleep(300)"


@pytest.fixture
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One for each test here: they stop it."""
    plane = ControlPlane(tmp_path_factory.mktemp("home"))
    yield plane
    plane.stop()


def test_it_is_started_looked_at_and_stopped(gristmill: Gristmill, control_plane: ControlPlane) -> None:
    assert "no control plane runs" in gristmill("server", "status", status=8).err
    assert gristmill("server", "stop").out == "No control plane is running.\n"
    started = gristmill("server", "start", "--json").json
    assert gristmill("server", "start", "--json").json["pid"] == started["pid"]
    out = gristmill("server", "status").out
    assert started["url"] in out
    assert "MB" in out
    stopped = gristmill("server", "stop", "--json").json["stopped"]
    assert stopped["pid"] == started["pid"]
    assert control_plane.processes() == []


def test_stopping_says_what_stays_up_and_all_ends_that_too(
    gristmill: Gristmill, control_plane: ControlPlane, notebook: WriteNotebook
) -> None:
    run = gristmill("run", notebook(SLOW), "--detach", "--json").json
    until(lambda: gristmill("runs", "show", run["id"], "--json").json["run"]["state"] == "running", what="it runs")
    out = gristmill("server", "stop").out
    assert f"Still running: {run['name']}" in out
    assert any("gristmill.worker" in line for line in control_plane.processes())
    assert gristmill("server", "stop").out == "No control plane is running.\n"
    assert "has stopped" in gristmill("server", "stop", "--all").out, "what was left behind is ended in order"
    assert control_plane.processes() == []
    assert gristmill("runs", "show", run["id"], "--json").json["run"]["state"] == "cancelled"


def test_doctor_knows_of_a_control_plane_and_of_one_that_was_killed(
    gristmill: Gristmill, control_plane: ControlPlane
) -> None:
    gristmill("server", "start")
    until(lambda: gristmill("server", "status", "--json").json["tracking"] == "ready", what="MLflow is ready")
    checks = {check["name"]: check for check in gristmill("doctor", "--json").json}
    assert checks["control plane"]["verdict"] == "good"
    assert checks["MLflow"]["says"] == "ready"
    control_plane.kill()
    killed = {check["name"]: check for check in gristmill("doctor", "--json").json}
    assert killed["control plane"]["verdict"] == "warning"
    assert killed["control plane"]["what_to_do"] == "gristmill server start"


def test_an_audit_log_that_was_changed_ends_with_one(
    gristmill: Gristmill, control_plane: ControlPlane, notebook: WriteNotebook
) -> None:
    import sqlite3

    gristmill("run", notebook("1"), "--detach")
    with sqlite3.connect(control_plane.home / "gristmill.db") as db:
        changed = db.execute("UPDATE audit SET action = 'nothing' WHERE action = 'run.create'").rowcount
    assert changed == 1
    assert "broken at entry" in gristmill("audit", "verify", status=1).err
    assert gristmill("audit", "verify", "--json", status=1).json["reason"]


def test_a_control_plane_that_cannot_start_says_why(gristmill: Gristmill, control_plane: ControlPlane) -> None:
    (control_plane.home / "profiles.yaml").write_text("profiles: [")
    ran = gristmill("runs", "list", status=8)
    assert "profiles.yaml" in ran.err
    problem = json.loads(gristmill("runs", "list", "--json", status=8).err)
    assert problem["code"] == "unavailable"
