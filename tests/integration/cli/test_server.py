"""`gristmill server`, and the commands that look at the control plane."""

import json
from collections.abc import Iterator

import pytest

from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

SIX_FAULTS = """profiles:
  a: {cpu: 0, memory: x, rate: 1}
  b: {cpu: 1, uses: [fly]}
  c: {cpu: 1, memory: 1 GB, default: maybe}
"""
FAULTS = [(2, 12), (2, 23), (2, 26), (3, 6), (3, 22), (4, 38)]
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
    (control_plane.home / "profiles.yaml").write_text(SIX_FAULTS)
    lines = gristmill("profiles", status=3).err.splitlines()
    assert lines[0].startswith("error: 6 faults in profiles.yaml, the first: profiles.yaml:")
    assert {line.split()[0] for line in lines[1:7]} == {f"profiles.yaml:{n}:{column}" for n, column in FAULTS}
    assert lines[7].startswith("hint: ")
    assert len(lines) == 8
    problem = json.loads(gristmill("profiles", "--json", status=3).err)
    assert (problem["code"], len(problem["faults"])) == ("invalid_input", 6)
    told = [one["says"] for one in gristmill("doctor", "--json", status=1).json if one["name"] == "profiles"]
    assert told == [fault["message"] for fault in problem["faults"]]


def test_profiles_that_the_living_control_plane_has_not_read_are_told(
    gristmill: Gristmill, control_plane: ControlPlane
) -> None:
    assert gristmill("profiles").err == ""
    (control_plane.home / "profiles.yaml").write_text("profiles: {mine: {cpu: 1, memory: 1 GB}}")
    ran = gristmill("profiles")
    assert "mine" not in ran.out
    assert f"{control_plane.home / 'profiles.yaml'} was changed since" in ran.err
    warned = [one for one in gristmill("doctor", "--json").json if one["name"] == "profiles"]
    assert [one["verdict"] for one in warned] == ["good", "warning"]
    gristmill("server", "stop")
    assert "mine" in gristmill("profiles").out
