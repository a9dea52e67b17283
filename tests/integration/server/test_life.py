"""One control plane per home, found by its port file, and what outlives it."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.wire import ServerStatus
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.processes import lives
from tests.waiting import until

pytestmark = pytest.mark.both_databases


def test_two_commands_at_once_start_one_control_plane(control_plane: ControlPlane) -> None:
    answers: list[ServerStatus] = []

    def ask() -> None:
        with control_plane.client() as client:
            answers.append(client.send(api.status()))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len({answer.instance for answer in answers}) == 1

    def servers() -> list[str]:
        return [line for line in control_plane.processes() if "gristmill.server" in line]

    # Between fork and exec MLflow's process looks as the control plane does.
    until(lambda: len(servers()) == 1, what="one control plane")


def test_a_second_control_plane_on_the_same_home_refuses(control_plane: ControlPlane, client: Client) -> None:
    client.send(api.status())
    second = subprocess.run(
        [sys.executable, "-m", "gristmill.server"],
        env={"GRISTMILL_HOME": str(control_plane.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 5
    assert "another control plane" in second.stderr


def test_it_comes_back_at_the_same_url_with_the_same_token(control_plane: ControlPlane, client: Client) -> None:
    before = client.transport.credentials
    control_plane.kill()
    with control_plane.client() as again:
        assert again.transport.credentials == before


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_told_to_end_by_a_signal_tidies_up(
    control_plane: ControlPlane, client: Client, told: signal.Signals
) -> None:
    process = psutil.Process(client.send(api.status()).pid)
    process.send_signal(told)
    until(lambda: not lives(process), what="it has ended")
    assert not control_plane.settings.port_file.exists()
    assert "Traceback" not in (control_plane.home / "server.log").read_text()
    with control_plane.client() as again:
        assert again.send(api.status()).pid != process.pid


def test_it_stays_small_and_imports_no_model_library(client: Client) -> None:
    status = client.send(api.status())
    assert status.resident < 150 * 2**20
    maps = Path(f"/proc/{status.pid}/maps").read_text()
    assert "numpy" not in maps
    assert "pandas" not in maps


def test_the_audit_log_knows_what_was_done_and_its_chain_is_whole(client: Client, notebook: WriteNotebook) -> None:
    client.wait(client.run(notebook("x = 1")))
    verdict = client.send(api.verify_audit())
    assert verdict.entries >= 2
    assert verdict.broken_at is None


@pytest.mark.slow
def test_stopping_everything_leaves_nothing_and_loses_nothing(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    run = client.run(notebook("import time\ntime.sleep(600)"))
    until(lambda: client.send(api.get_run(run.id)).run.state == "running", what="it runs")
    control_plane.stop()
    with control_plane.client() as again:
        found = again.send(api.get_run(run.id)).run
        assert found.state == "cancelled"
        assert all(status.in_use == 0 for status in again.send(api.list_profiles()))
