"""Ctrl-C while a run is shown, on a real terminal."""

import signal
import subprocess
from pathlib import Path

import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import RunState
from tests.integration.cli.conftest import GRISTMILL, OpenTerminal, environment
from tests.integration.conftest import ControlPlane, WriteNotebook

SLOW = "import time\nfor step in range(3000):\n    print('step', step, flush=True)\n    time.sleep(0.1)"
STUBBORN = """\
import time
while True:
    try:
        print("stubborn", flush=True)
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass
"""
CTRL_C = "\x03"


@pytest.fixture
def slow(notebook: WriteNotebook) -> Path:
    return notebook(SLOW, name="slow.ipynb")


def newest(client: Client) -> RunState:
    return client.send(api.list_runs(limit=1))[0].state


def end(client: Client) -> None:
    run = client.send(api.list_runs(limit=1))[0]
    if not run.state.final:
        client.send(api.cancel_run(run.id))
        client.wait(run)


def test_a_terminal_shows_the_run_in_place(terminal: OpenTerminal, notebook: WriteNotebook) -> None:
    shown = terminal("run", notebook("import gristmill, time", "gristmill.progress(0.5, 'half')\ntime.sleep(4)"))
    shown.expect("running  work-")
    shown.expect("cell 2 of 2")
    shown.expect("50%  half")
    shown.expect("✓ work-[0-9]+ succeeded in ")
    assert shown.status() == 0


def test_cancel_ends_the_run_and_the_command_with_130(terminal: OpenTerminal, slow: Path, client: Client) -> None:
    shown = terminal("run", slow)
    shown.expect("step [0-9]")
    shown.type(CTRL_C)
    shown.expect("etach and let it go on, .c.ancel it, or Enter to watch on")
    shown.type("c\n")
    shown.expect("Cancelling slow-")
    shown.expect("⊘ slow-[0-9]+ cancelled after")
    assert shown.status() == 130
    assert newest(client) is RunState.CANCELLED


@pytest.mark.parametrize("keys", ["d\n", CTRL_C], ids=["asked to", "second Ctrl-C"])
def test_detach_lets_the_run_go_on_and_says_so(terminal: OpenTerminal, slow: Path, client: Client, keys: str) -> None:
    shown = terminal("run", slow)
    shown.expect("step [0-9]")
    shown.type(CTRL_C)
    shown.expect("Enter to watch on")
    shown.type(keys)
    shown.expect("Detached: slow-[0-9]+ goes on")
    assert shown.status() == 130
    assert newest(client) is RunState.RUNNING
    end(client)


def test_enter_watches_on(terminal: OpenTerminal, slow: Path, client: Client) -> None:
    shown = terminal("run", slow)
    shown.expect("step [0-9]")
    shown.type(CTRL_C)
    shown.expect("Enter to watch on")
    shown.type("\n")
    shown.expect("running  slow-")
    shown.type(CTRL_C)
    shown.expect("Enter to watch on")
    shown.type("c\n")
    assert shown.status() == 130


def test_ctrl_c_while_a_run_is_being_cancelled_detaches(
    terminal: OpenTerminal, notebook: WriteNotebook, client: Client
) -> None:
    shown = terminal("run", notebook(STUBBORN, name="slow.ipynb"))
    shown.expect("stubborn")
    shown.type(CTRL_C)
    shown.expect("Enter to watch on")
    shown.type("c\n")
    shown.expect("cancelling  slow-")
    shown.type(CTRL_C)
    shown.expect("Detached: slow-")
    assert shown.status() == 130
    client.wait(client.send(api.list_runs(limit=1))[0])
    assert newest(client) is RunState.CANCELLED


def test_away_from_a_terminal_an_interrupt_detaches(
    control_plane: ControlPlane, slow: Path, client: Client, tmp_path: Path
) -> None:
    """A run does not end because the program that started it did."""
    with subprocess.Popen(
        [GRISTMILL, "run", slow],
        env=environment(control_plane),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        next(line for line in command.stdout if "step" in line)
        command.send_signal(signal.SIGINT)
        _, err = command.communicate()
    assert command.returncode == 130
    assert "Detached: slow-" in err
    assert newest(client) is RunState.RUNNING
    end(client)


def test_what_is_to_be_deleted_is_asked_about(terminal: OpenTerminal, notebook: WriteNotebook, client: Client) -> None:
    run = client.wait(client.run(notebook("1")))
    shown = terminal("runs", "delete", str(run.number))
    shown.expect(f"Delete {run.number} with outputs and logs")
    shown.type("n\n")
    assert shown.status() == 1
    assert client.send(api.get_run(run.id)).run.id == run.id
