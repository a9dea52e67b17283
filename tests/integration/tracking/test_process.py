"""MLflow's process: one, small, alive without us, started again when it dies."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gristmill.core.clock import SystemClock
from gristmill.core.processes import holds_lock, spawn_locked
from gristmill.tracking.model import Health
from gristmill.tracking.process import ASK_EVERY_S, LOG, MARK, PATIENCE_S, MlflowProcess, _settings
from gristmill.tracking.rest import TrackingClient
from tests.unit.conftest import TestClock
from tests.waiting import until

CLOCK = SystemClock()
# MLflow's schema as it was one migration ago.
OLDER = """
import sys
import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db import utils
from mlflow.store.db.utils import InitialBase

engine = sqlalchemy.create_engine(sys.argv[1])
InitialBase.metadata.create_all(engine)
config = utils._get_alembic_config(sys.argv[1])
script = ScriptDirectory.from_config(config)
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, script.get_revision("head").down_revision)
"""
MOST_MEMORY = 400 * 2**20


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose MLflow, if a test starts one, ends with the test."""
    folder = tmp_path / "mlflow"
    yield folder
    MlflowProcess(folder, clock=CLOCK, environ=os.environ).stop()


def process_of(folder: Path) -> MlflowProcess:
    return MlflowProcess(folder, clock=CLOCK, environ=os.environ)


def ready(process: MlflowProcess) -> int:
    """The id of the process, once it answers."""
    assert process.wait_ready(120).ready, f"{process.state}\n{(process.folder / LOG).read_text()}"
    assert process.pid is not None
    return process.pid


def test_it_lives_on_its_own_and_is_started_again_when_it_dies(folder: Path) -> None:
    process = process_of(folder)
    assert process.ensure().health is Health.STARTING, "nobody waits for it"
    pid = ready(process)

    server = psutil.Process(pid)
    assert os.getsid(pid) == pid, "in a session of its own"
    assert server.children(recursive=True) == [], "one process"
    assert server.memory_full_info().pss < MOST_MEMORY
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "mlflow.sock").stat().st_mode & 0o077 == 0
    assert server.net_connections("inet") == [], "no port"
    note = json.loads((folder / "process.json").read_text())
    assert note["way"] == "application"

    other = process_of(folder)
    assert other.ensure().ready, "another control plane adopts it"
    assert other.pid == pid

    client = TrackingClient(process.address, CLOCK)
    experiment = client.ensure_experiment("kept")
    server.kill()
    until(lambda: not holds_lock(folder))
    state = process.ensure()
    assert state.health is Health.STARTING
    assert state.reason == "MLflow ended and is started again"
    assert ready(process) != pid
    assert client.ensure_experiment("kept") == experiment
    client.close()

    process.stop()
    assert process.state.health is Health.AWAY
    assert not holds_lock(folder)


@pytest.mark.slow
def test_it_outlives_the_control_plane(folder: Path) -> None:
    starter = (
        "import os, sys; from pathlib import Path; from gristmill.core.clock import SystemClock;"
        "from gristmill.tracking.process import MlflowProcess;"
        "MlflowProcess(Path(sys.argv[1]), clock=SystemClock(), environ=os.environ).ensure();"
        "print('started', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as control_plane:
        assert control_plane.stdout is not None
        assert control_plane.stdout.readline() == b"started\n"
        control_plane.send_signal(signal.SIGKILL)
    process = process_of(folder)
    state = process.ensure()
    assert state.health is Health.STARTING
    assert state.reason == "MLflow is starting", "adopted while it starts"
    ready(process)


@pytest.mark.slow
def test_one_that_hangs_is_ended_when_patience_does(folder: Path) -> None:
    clock = TestClock()
    process = MlflowProcess(folder, clock=clock, environ=os.environ)
    os.kill(ready(process), signal.SIGSTOP)
    assert process.ensure().ready, "it has answered a moment ago"
    clock.advance(ASK_EVERY_S)
    state = process.ensure()
    assert state.health is Health.AWAY
    assert state.reason == "MLflow's process lives but does not answer"
    assert holds_lock(folder)
    clock.advance(PATIENCE_S + 1)
    process.ensure()
    until(lambda: not holds_lock(folder))
    assert process.ensure().health is Health.STARTING


def test_one_that_cannot_start_says_why_and_is_tried_again_later(folder: Path) -> None:
    process = MlflowProcess(folder, clock=TestClock(), environ=os.environ)
    (folder / "mlflow.db").write_bytes(b"this is no database, " * 100)
    process.ensure()
    until(lambda: not holds_lock(folder))
    process.ensure()
    assert process.state.health is Health.AWAY
    assert "file is not a database" in (process.state.reason or "")
    assert not holds_lock(folder), "it is not started at every step"


@pytest.mark.slow
def test_an_older_database_is_brought_up_to_date_after_a_copy(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    made = subprocess.run(
        [sys.executable, "-c", OLDER, f"sqlite:///{folder}/mlflow.db"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    older = revision(folder / "mlflow.db")
    process = process_of(folder)
    ready(process)
    client = TrackingClient(process.address, CLOCK)
    assert client.ensure_experiment("after the upgrade")
    client.close()
    process.stop()
    assert revision(folder / "mlflow.db") != older
    assert revision(folder / f"mlflow-{older}.db") == older


def revision(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.mark.slow
def test_where_mlflow_has_changed_its_own_command_serves(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    process = process_of(folder)
    argv = [sys.executable, "-m", "gristmill.tracking.mlflow_process", "--command"]
    argv += ["--folder", str(folder), "--socket", str(process.address.socket)]
    environ = {**os.environ, **_settings(folder)}
    assert spawn_locked(argv, folder, environ=environ, token="", log=LOG)
    pid = ready(process)
    assert json.loads((folder / "process.json").read_text())["way"] == "command"
    assert len(psutil.Process(pid).children(recursive=True)) == 1
    client = TrackingClient(process.address, CLOCK)
    assert client.ensure_experiment("by command")
    client.close()
    process.stop()
    assert [one for one in psutil.process_iter() if carries(one, folder)] == [], "both processes are gone"


def carries(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(folder)
    except (psutil.Error, OSError):
        return False
