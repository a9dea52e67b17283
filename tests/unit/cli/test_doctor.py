"""What doctor finds, and what it says to do."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gristmill import __version__
from gristmill.cli import checks as looked_at
from gristmill.cli.checks import Verdict
from gristmill.cli.main import app
from gristmill.core.settings import Settings
from gristmill.core.wire import ServerStatus
from gristmill.endpoints.model import EndpointState
from tests.unit.cli.made import an_endpoint, seen


def status(**changes: Any) -> ServerStatus:
    given: dict[str, Any] = {
        "version": __version__,
        "instance": "server_1",
        "pid": 7,
        "url": "http://127.0.0.1:4000",
        "home": "/srv/of/it",
        "started_at": datetime.now(UTC),
        "resident": 100 * 2**20,
        "leading": True,
        "tracking": "ready",
    }
    return ServerStatus(**{**given, **changes})


def test_a_good_machine_ends_with_zero_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = CliRunner(env={"GRISTMILL_HOME": str(home)}).invoke(app, ["doctor", "--json"])
    found = {check["name"]: check for check in json.loads(result.stdout)}
    assert {"python", "server", "worker", "serving", "home", "disk", "clock", "git", "control plane"} <= found.keys()
    assert any(name.startswith("kernel ") for name in found)
    assert result.exit_code == (1 if any(check["verdict"] == "broken" for check in found.values()) else 0)
    assert "made by the first command" in found["home"]["says"]
    assert not home.exists()


def test_a_home_that_cannot_be_written_is_broken_and_says_what_to_do(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    result = CliRunner(env={"GRISTMILL_HOME": "/proc/home"}).invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "Set GRISTMILL_HOME" in result.stdout


def test_a_home_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    check = looked_at._home(tmp_path)
    assert check.verdict is Verdict.WARNING
    assert check.what_to_do == f"chmod 700 {tmp_path}"


def test_a_part_that_is_lacking_matters_only_where_the_control_plane_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked_at, "EXTRAS", (("server", ("no_such_module",), "nothing works"),))
    (here,) = looked_at._extras(local=True)
    assert here.verdict is Verdict.BROKEN
    assert here.what_to_do == "pip install 'gristmill[server]'"
    (elsewhere,) = looked_at._extras(local=False)
    assert elsewhere.verdict is Verdict.GOOD


def test_little_room_on_the_disk_is_said_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for free, verdict in ((10 * 2**30, Verdict.GOOD), (2**30, Verdict.WARNING), (2**20, Verdict.BROKEN)):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert looked_at._disk(tmp_path, local=True).verdict is verdict


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.GOOD),
        ({"resident": 400 * 2**20}, Verdict.WARNING),
        ({"version": "0.0.1"}, Verdict.WARNING),
        ({"leading": False}, Verdict.WARNING),
        ({"started_at": datetime.now(UTC) + timedelta(hours=3)}, Verdict.BROKEN),
    ],
)
def test_a_living_control_plane_is_looked_at(changes: dict[str, Any], verdict: Verdict) -> None:
    assert looked_at._alive(status(**changes)).verdict is verdict


@pytest.mark.parametrize(
    ("state", "verdict"), [("ready", Verdict.GOOD), ("starting", Verdict.WARNING), ("away", Verdict.BROKEN)]
)
def test_mlflow_is_looked_at(state: str, verdict: Verdict) -> None:
    assert looked_at._tracking(status(tracking=state)).verdict is verdict


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (EndpointState.READY, Verdict.GOOD),
        (EndpointState.STARTING, Verdict.WARNING),
        (EndpointState.FAILED, Verdict.BROKEN),
        (EndpointState.STOPPED, Verdict.BROKEN),
    ],
)
def test_every_endpoint_is_looked_at(state: EndpointState, verdict: Verdict) -> None:
    assert looked_at._endpoint(an_endpoint(seen(state, hint="Install xgboost."))).verdict is verdict


def test_a_port_file_of_a_control_plane_that_was_killed_is_no_fault(tmp_path: Path) -> None:
    file = {"url": "http://127.0.0.1:9", "token": "t", "pid": 1, "instance": "i", "secret": "s", "version": "0"}
    (tmp_path / "server.json").write_text(json.dumps(file))
    (check,) = looked_at._control_plane(Settings(home=tmp_path), local=True)
    assert check.verdict is Verdict.GOOD
    assert "none runs" in check.says


def test_whose_control_plane_is_elsewhere_is_told_nothing_that_only_its_administrators_can_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for changes in ({"resident": 400 * 2**20}, {"leading": False}):
        assert looked_at._alive_elsewhere(status(**changes)).verdict is Verdict.GOOD
    assert looked_at._alive_elsewhere(status(version="0.0.1")).verdict is Verdict.WARNING
    assert looked_at._tracking_elsewhere(status(tracking="away")).what_to_do == looked_at.ASK
    assert "some seconds" in (looked_at._tracking_elsewhere(status(tracking="starting")).what_to_do or "")
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "administrators" in (looked_at._git(local=False).what_to_do or "")


@pytest.mark.parametrize(
    "environ",
    [
        {"GRISTMILL_SERVICE_URL": "http://127.0.0.1:9", "JUPYTERHUB_API_TOKEN": "a-servers"},
        {"GRISTMILL_URL": "http://127.0.0.1:9"},
    ],
    ids=["hub", "no token"],
)
def test_in_a_server_of_a_hub_nothing_is_said_of_a_control_plane_of_this_machine(
    environ: dict[str, str], tmp_path: Path
) -> None:
    result = CliRunner(env={"GRISTMILL_HOME": str(tmp_path), **environ}).invoke(app, ["doctor", "--json"])
    found = {check["name"]: check for check in json.loads(result.stdout)}
    assert "profiles" not in found
    assert found["control plane"]["verdict"] == "broken"
    assert "server.log" not in found["control plane"]["what_to_do"]


def test_an_existing_mlflow_server_is_named_with_what_does_not_work_with_it() -> None:
    server = {"tracking_server": "https://mlflow.example.org", "tracking_version": "3.17.2"}
    good = looked_at._tracking(status(**server))
    assert (good.verdict, good.says) == (Verdict.GOOD, "ready at https://mlflow.example.org, version 3.17.2")
    direct = looked_at._tracking(status(**server, tracking_notice="artifacts go to s3"))
    assert (direct.verdict, direct.says[-20:]) == (Verdict.WARNING, "; artifacts go to s3")
    old = looked_at._tracking(status(**server, tracking="away", tracking_reason="is version 2.9"))
    assert old.verdict is Verdict.BROKEN
    assert "docs/tracking.md" in (old.what_to_do or "")
