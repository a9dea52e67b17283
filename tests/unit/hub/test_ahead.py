"""The process that waits to be a person's server."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gristmill_hub.ahead import ServerAhead

WRITES_WHAT_IT_IS = """import json, os, sys
known = dict(os.environ)
told = json.loads(sys.stdin.read() or "null")
if told is not None:
    with open(told["arguments"][0], "w") as file:
        json.dump([sys.argv[1:], os.getcwd(), known, told], file)
"""
ENVIRON = {"PATH": "/usr/bin", "HOME": "/home/ada", "LC_CTYPE": "C.UTF-8"}

Become = Callable[..., "subprocess.Popen[str] | None"]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    script = tmp_path / "server.py"
    script.write_text(WRITES_WHAT_IT_IS)
    return [sys.executable, str(script)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "people" / "ada"


@pytest.fixture
def ahead(command: list[str]) -> Iterator[ServerAhead]:
    made = ServerAhead(command)
    yield made
    if (waiting := made._waiting) is not None:
        waiting.communicate(timeout=60)


@pytest.fixture
def become(ahead: ServerAhead, home: Path, tmp_path: Path) -> Become:
    def become(folder: Path = home, **environ: str) -> "subprocess.Popen[str] | None":
        return ahead.become([str(tmp_path / "is.json"), "--port=1"], {**ENVIRON, **environ}, folder)

    return become


def test_it_knows_the_person_and_is_told_what_is_new_at_each_start(
    ahead: ServerAhead, become: Become, home: Path, tmp_path: Path
) -> None:
    ahead.prepare({**ENVIRON, "JUPYTERHUB_API_TOKEN": "of the start before"}, home)
    process = become(JUPYTERHUB_API_TOKEN="of this one")
    assert process is not None
    assert process.wait(60) == 0
    arguments, folder, known, told = json.loads((tmp_path / "is.json").read_text())
    assert (arguments, folder, known) == (["--ahead"], str(home), ENVIRON)
    assert told == {
        "arguments": [str(tmp_path / "is.json"), "--port=1"],
        "environ": {**ENVIRON, "JUPYTERHUB_API_TOKEN": "of this one"},
    }


def test_each_is_one_server_and_one_waits_at_a_time(ahead: ServerAhead, become: Become, home: Path) -> None:
    assert become() is None
    ahead.prepare(ENVIRON, home)
    waiting = ahead._waiting
    ahead.prepare(ENVIRON, home)
    process = become()
    assert process is not None
    assert process is waiting
    assert become() is None
    process.wait(60)


def test_a_server_that_is_not_the_one_it_knows_is_refused(ahead: ServerAhead, become: Become, home: Path) -> None:
    ahead.prepare(ENVIRON, home)
    assert become(HOME="/home/bob") is None
    assert become(JUPYTERHUB_SERVICE_PREFIX="/user/bob/") is None
    assert become(home.parent / "bob") is None
    assert become(JUPYTERHUB_API_TOKEN="x" * 2**16) is None, "who it is told would have to wait for who reads it"
    process = become()
    assert process is not None, "it waited on"
    process.wait(60)


def test_what_is_known_now_is_what_the_next_one_knows(ahead: ServerAhead, become: Become, home: Path) -> None:
    ahead.prepare(ENVIRON, home)
    before = ahead._waiting
    assert before is not None
    ahead.prepare({**ENVIRON, "LC_CTYPE": "de_DE.UTF-8"}, home)
    assert before.wait(60) == 0
    process = become(LC_CTYPE="de_DE.UTF-8")
    assert process is not None
    process.wait(60)


def test_one_that_ended_is_no_server_and_is_replaced(ahead: ServerAhead, become: Become, home: Path) -> None:
    ahead.prepare(ENVIRON, home)
    ended = ahead._waiting
    assert ended is not None
    ended.kill()
    ended.wait(60)
    assert become() is None
    ahead.prepare(ENVIRON, home)
    process = become()
    assert process is not None
    assert process.wait(60) == 0


def test_one_that_nobody_wants_any_more_ends(ahead: ServerAhead, become: Become, home: Path, tmp_path: Path) -> None:
    ahead.prepare(ENVIRON, home)
    waiting = ahead._waiting
    assert waiting is not None
    ahead.end()
    assert waiting.wait(60) == 0
    assert become() is None
    assert not (tmp_path / "is.json").exists()


def test_it_ends_with_who_made_it(command: list[str], home: Path, tmp_path: Path) -> None:
    maker = tmp_path / "maker.py"
    maker.write_text(
        "import sys\nfrom pathlib import Path\nfrom gristmill_hub.ahead import ServerAhead\n"
        f"ahead = ServerAhead({command!r})\nahead.prepare({ENVIRON!r}, Path({str(home)!r}))\nprint(ahead._waiting.pid)"
    )
    # What it prints ends for the reader once the process that waits, which has the same output, has ended too.
    said = subprocess.run([sys.executable, maker], check=True, capture_output=True, text=True, timeout=60)
    assert int(said.stdout) > 0
