"""The processes that wait to be a person's server."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gristmill_hub import ahead as module
from gristmill_hub.ahead import AT_MOST, ServersAhead

WRITES_WHAT_IT_IS = """import json, os, sys
known = dict(os.environ)
told = json.loads(sys.stdin.read() or "null")
if told is not None:
    with open(told["arguments"][0], "w") as file:
        json.dump([sys.argv[1:], os.getcwd(), known, told], file)
"""
ADA = "/user/ada/"
# The last one Python sets itself where it lacks.
ENVIRON = {"PATH": "/usr/bin", "HOME": "/home/ada", "LC_CTYPE": "C.UTF-8"}

Prepare = Callable[..., "subprocess.Popen[str]"]
Become = Callable[..., "subprocess.Popen[str] | None"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "people" / "ada"


@pytest.fixture
def ahead(tmp_path: Path) -> Iterator[ServersAhead]:
    script = tmp_path / "server.py"
    script.write_text(WRITES_WHAT_IT_IS)
    made = ServersAhead([sys.executable, str(script)])
    yield made
    for server, waiting in list(made._waiting.items()):
        made.end(server)
        waiting.process.wait(60)


@pytest.fixture
def prepare(ahead: ServersAhead, home: Path) -> Prepare:
    def prepare(server: str = ADA, **environ: str) -> "subprocess.Popen[str]":
        async def wanted() -> None:
            ahead.prepare(server, {**ENVIRON, **environ}, home)

        asyncio.run(wanted())
        return ahead._waiting[server].process

    return prepare


@pytest.fixture
def become(ahead: ServersAhead, home: Path, tmp_path: Path) -> Become:
    def become(folder: Path = home, **environ: str) -> "subprocess.Popen[str] | None":
        return ahead.become(ADA, [str(tmp_path / "is.json"), "--port=1"], {**ENVIRON, **environ}, folder)

    return become


def test_it_knows_the_person_and_is_told_what_is_known_only_at_the_start(
    prepare: Prepare, become: Become, home: Path, tmp_path: Path
) -> None:
    prepare(JUPYTERHUB_API_TOKEN="of the start before")
    process = become(JUPYTERHUB_API_TOKEN="of this one")
    assert process is not None
    assert process.wait(60) == 0
    arguments, folder, known, told = json.loads((tmp_path / "is.json").read_text())
    assert (arguments, folder, known) == (["--ahead"], str(home), ENVIRON)
    assert told == {
        "arguments": [str(tmp_path / "is.json"), "--port=1"],
        "environ": {"JUPYTERHUB_API_TOKEN": "of this one"},
        "folder": str(home),
    }


def test_each_is_one_server_and_one_waits_for_it_at_a_time(prepare: Prepare, become: Become) -> None:
    assert become() is None
    waiting = prepare()
    assert prepare() is waiting
    assert become() is waiting
    assert become() is None
    waiting.wait(60)


@pytest.mark.parametrize(
    "other",
    [
        {"HOME": "/home/bob"},
        {"JUPYTERHUB_SERVICE_PREFIX": "/user/bob/"},
        {"folder": Path("/home/bob")},
        {"JUPYTERHUB_API_TOKEN": "x" * 2**16},  # whoever writes it would have to wait for who reads it
    ],
)
def test_one_that_cannot_be_the_server_is_none_and_ends(
    prepare: Prepare, become: Become, other: dict[str, str], tmp_path: Path
) -> None:
    waiting = prepare()
    assert become(**other) is None
    assert waiting.wait(60) != 0
    assert not (tmp_path / "is.json").exists()


def test_what_is_known_now_is_what_the_next_one_knows(prepare: Prepare, become: Become) -> None:
    before = prepare()
    now = prepare(LC_CTYPE="de_DE.UTF-8")
    assert before.wait(60) != 0
    assert become(LC_CTYPE="de_DE.UTF-8") is now
    now.wait(60)


def test_one_that_ended_is_no_server_and_is_replaced(prepare: Prepare, become: Become) -> None:
    ended = prepare()
    ended.kill()
    ended.wait(60)
    assert become() is None
    replaced = prepare()
    assert become() is replaced
    assert replaced.wait(60) == 0


def test_the_one_that_was_wanted_first_makes_room(ahead: ServersAhead, prepare: Prepare) -> None:
    waiting = {name: prepare(f"/user/{name}/") for name in map(str, range(AT_MOST))}
    prepare("/user/0/")
    prepare(ADA)
    assert waiting["1"].wait(60) != 0
    assert [name for name in waiting if ahead.waits(f"/user/{name}/")] == ["0", "2", "3"]
    assert ahead.waits(ADA)


def test_one_that_nobody_comes_back_for_ends(
    ahead: ServersAhead, home: Path, become: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNTIL_GIVEN_UP", 0.01)

    async def left() -> int:
        ahead.prepare(ADA, ENVIRON, home)
        return await asyncio.to_thread(ahead._waiting[ADA].process.wait, 60)

    assert asyncio.run(left()) != 0
    assert become() is None


def test_it_ends_with_who_made_it(ahead: ServersAhead, home: Path, tmp_path: Path) -> None:
    maker = tmp_path / "maker.py"
    maker.write_text(
        "import asyncio\nfrom pathlib import Path\nfrom gristmill_hub.ahead import ServersAhead\n"
        f"ahead = ServersAhead({ahead._command!r})\n"
        f"async def main():\n    ahead.prepare({ADA!r}, {ENVIRON!r}, Path({str(home)!r}))\n"
        f"asyncio.run(main())\nprint(ahead._waiting[{ADA!r}].process.pid)"
    )
    # What it prints ends for the reader once the process that waits, which has the same output, has ended too.
    said = subprocess.run([sys.executable, maker], check=True, capture_output=True, text=True, timeout=60)
    assert int(said.stdout) > 0
