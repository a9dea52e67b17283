"""The process that waits to be a person's server."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gristmill_hub.ahead import ServerAhead

WRITES_WHAT_IT_IS = """import json, os, sys
told = json.loads(sys.stdin.read() or "null")
if told is not None:
    with open(told["arguments"][0], "w") as file:
        json.dump([sys.argv[1:], told, os.environ.get("PYTHONHASHSEED"), os.environ.get("JUPYTERHUB_API_TOKEN")], file)
"""
ENVIRON = {"PATH": "/usr/bin", "PYTHONHASHSEED": "7", "JUPYTERHUB_API_TOKEN": "ada's"}

Become = Callable[..., "subprocess.Popen[str] | None"]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "server.py"
    script.write_text(WRITES_WHAT_IT_IS)
    return [sys.executable, str(script)]


@pytest.fixture
def ahead(command: list[str]) -> Iterator[ServerAhead]:
    made = ServerAhead(command)
    yield made
    if made._waiting is not None:
        made._waiting.communicate(timeout=60)


@pytest.fixture
def become(ahead: ServerAhead, tmp_path: Path) -> Become:
    def become(**environ: str) -> "subprocess.Popen[str] | None":
        return ahead.become([str(tmp_path / "is.json"), "--port=1"], {**ENVIRON, **environ}, tmp_path / "home")

    return become


def test_it_is_told_all_and_knew_nothing_of_anybody_before(ahead: ServerAhead, become: Become, tmp_path: Path) -> None:
    ahead.prepare(ENVIRON)
    process = become(HOME="/home/ada")
    assert process is not None
    assert process.wait(60) == 0
    arguments, told, seed, token = json.loads((tmp_path / "is.json").read_text())
    assert (arguments, seed, token) == (["--ahead"], "7", None)
    expected: dict[str, Any] = {
        "arguments": [str(tmp_path / "is.json"), "--port=1"],
        "environ": {**ENVIRON, "HOME": "/home/ada"},
        "folder": str(tmp_path / "home"),
    }
    assert told == expected


def test_each_is_one_server_and_one_waits_at_a_time(ahead: ServerAhead, become: Become) -> None:
    assert become() is None
    ahead.prepare(ENVIRON)
    waiting = ahead._waiting
    ahead.prepare(ENVIRON)
    process = become()
    assert process is not None
    assert process is waiting
    assert become() is None
    process.wait(60)


def test_what_cannot_be_changed_any_more_is_refused(ahead: ServerAhead, become: Become) -> None:
    ahead.prepare(ENVIRON)
    assert become(LD_LIBRARY_PATH="/opt/cuda/lib64") is None
    assert become(PYTHONHASHSEED="8") is None
    assert become(WORDS="x" * 2**16) is None, "who it is told would have to wait for who reads it"
    process = become()
    assert process is not None, "it waited on"
    process.wait(60)


def test_one_that_ended_is_no_server_and_is_replaced(ahead: ServerAhead, become: Become) -> None:
    ahead.prepare(ENVIRON)
    ended = ahead._waiting
    assert ended is not None
    ended.kill()
    ended.wait(60)
    assert become() is None
    ahead.prepare(ENVIRON)
    process = become()
    assert process is not None
    assert process.wait(60) == 0


def test_it_ends_with_who_made_it(command: list[str], tmp_path: Path) -> None:
    maker = tmp_path / "maker.py"
    maker.write_text(
        "import sys\nfrom gristmill_hub.ahead import ServerAhead\n"
        f"ahead = ServerAhead({command!r})\nahead.prepare({ENVIRON!r})\nprint(ahead._waiting.pid)"
    )
    # What it prints ends for the reader once the process that waits, which has the same output, has ended too.
    said = subprocess.run([sys.executable, maker], check=True, capture_output=True, text=True, timeout=60)
    assert int(said.stdout) > 0
