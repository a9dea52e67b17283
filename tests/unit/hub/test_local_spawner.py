"""When a person's server as a process of this machine counts as started."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gristmill_hub import local_spawner
from gristmill_hub.ahead import COMMAND, ServersAhead
from gristmill_hub.local_spawner import LocalSpawner
from jupyterhub import orm
from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import can_connect, random_port

ADA = "/user/ada/"  # the path of her server
LISTENS_LATE = """import socket, sys, time
time.sleep(0.3)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(60)"""


def starting(monkeypatch: pytest.MonkeyPatch, code: str) -> tuple[LocalSpawner, int]:
    """A spawner whose server is this code."""
    port = random_port()

    async def start(self: Any) -> tuple[str, int]:
        self.proc = subprocess.Popen([sys.executable, "-c", code, str(port)])  # noqa: ASYNC220  # as the hub's own does
        self.pid = self.proc.pid
        return "127.0.0.1", port

    monkeypatch.setattr(LocalProcessSpawner, "start", start)
    monkeypatch.setattr(LocalSpawner, "_log_name", "ada")
    spawner = LocalSpawner()
    spawner.user = SimpleNamespace(name="ada", base_url=ADA, url=ADA)
    spawner.orm_spawner = SimpleNamespace(state={}, server=None, name="")
    spawner.db = SimpleNamespace(commit=lambda: None)
    return spawner, port


def test_it_has_started_when_its_server_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    spawner, port = starting(monkeypatch, LISTENS_LATE)
    try:
        assert asyncio.run(spawner.start()) == ("127.0.0.1", port)
        assert can_connect("127.0.0.1", port)
        assert spawner.orm_spawner.state["pid"] == spawner.proc.pid
    finally:
        spawner.proc.kill()
        spawner.proc.wait()


def test_a_server_that_ends_before_it_listens_has_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    spawner, port = starting(monkeypatch, "raise SystemExit(3)")
    with pytest.raises(RuntimeError, match=f"ada ended with status 3 before it listened on 127.0.0.1:{port}"):
        asyncio.run(spawner.start())


def test_one_that_never_listens_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    spawner, port = starting(monkeypatch, "import time; time.sleep(60)")
    spawner.start_timeout = 1
    try:
        with pytest.raises(TimeoutError, match=f"ada listens on 127.0.0.1:{port}"):
            asyncio.run(spawner.start())
    finally:
        spawner.proc.kill()
        spawner.proc.wait()


LISTENS_ONCE_TOLD = """import json, socket, sys, time
if told := sys.stdin.read():
    with socket.create_server(("127.0.0.1", int(json.loads(told)["arguments"][0]))):
        time.sleep(60)"""


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServersAhead]:
    made = ServersAhead([sys.executable, "-c", LISTENS_ONCE_TOLD])
    monkeypatch.setattr(local_spawner, "AHEAD", made)
    yield made
    for server, waiting in list(made._waiting.items()):
        made.end(server)
        waiting.process.wait(60)


@pytest.fixture
def spawner(monkeypatch: pytest.MonkeyPatch, ahead: ServersAhead, tmp_path: Path) -> LocalSpawner:
    """Of a person who chooses a profile, whose server of its own, begun by the start, would end at once."""
    made, port = starting(monkeypatch, "raise SystemExit(3)")
    made.cmd, made.port, made.home_dir, made.options_form = list(COMMAND), port, str(tmp_path), "the profiles"
    known = {**os.environ, "JUPYTERHUB_SERVICE_PREFIX": ADA}
    monkeypatch.setattr(LocalSpawner, "get_args", lambda _: [str(port)])
    monkeypatch.setattr(LocalSpawner, "get_env", lambda _: dict(known))
    return made


async def looked_at(spawner: LocalSpawner) -> "subprocess.Popen[str] | None":
    """What waits then."""
    assert await spawner.get_options_form() == spawner.options_form
    waiting = local_spawner.AHEAD._waiting.get(ADA)
    return None if waiting is None else waiting.process


def test_what_was_loaded_while_the_page_was_looked_at_is_the_server(spawner: LocalSpawner, ahead: ServersAhead) -> None:
    async def started() -> "subprocess.Popen[str] | None":
        waiting = await looked_at(spawner)
        assert await spawner.start() == ("127.0.0.1", spawner.port)
        return waiting

    waiting = asyncio.run(started())
    assert waiting is not None
    try:
        assert (spawner.proc, spawner.orm_spawner.state["pid"]) == (waiting, waiting.pid)
        assert not ahead.waits(ADA)
    finally:
        waiting.kill()
        waiting.wait()


NOT_AHEAD: list[dict[str, Any]] = [
    {"cmd": ["jupyterhub-singleuser"]},
    {"shell_cmd": ["bash", "-c"]},
    {"popen_kwargs": {"umask": 0o77}},
    {"internal_ssl": True},
    {"environment": {"PROJECT": lambda _: "asked for at a start"}},
]


@pytest.mark.parametrize("given", [*NOT_AHEAD, {"options_form": ""}, {"_spawn_pending": True}])
def test_none_waits_for_a_server_that_it_could_not_be(spawner: LocalSpawner, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(spawner, name, value)
    assert asyncio.run(looked_at(spawner)) is None


@pytest.mark.parametrize("given", [*NOT_AHEAD, {"home_dir": "/elsewhere"}])
def test_one_that_the_server_turns_out_not_to_be_ends(spawner: LocalSpawner, given: dict[str, Any]) -> None:
    async def changed_meanwhile() -> None:
        waiting = await looked_at(spawner)
        assert waiting is not None
        for name, value in given.items():
            setattr(spawner, name, value)
        with pytest.raises(RuntimeError, match="ended with status 3"):
            await spawner.start()
        assert waiting.wait(60) != 0

    asyncio.run(changed_meanwhile())


def test_the_page_is_shown_to_whom_nothing_can_be_loaded_for(spawner: LocalSpawner, tmp_path: Path) -> None:
    in_the_way = tmp_path / "ada"
    in_the_way.touch()
    spawner.home_dir = str(in_the_way)
    assert asyncio.run(looked_at(spawner)) is None


HERS = orm.Server(proto="http", ip="127.0.0.1", port=1, base_url=ADA, cookie_name="ada")


async def come(spawner: LocalSpawner, form: str, server: orm.Server | None) -> None:
    """The hub makes a spawner for a person who opens its page or has a server."""
    known = SimpleNamespace(state={}, server=server, name="")
    LocalSpawner(user=spawner.user, orm_spawner=known, cmd=list(COMMAND), home_dir=spawner.home_dir, options_form=form)


def test_where_there_is_no_page_of_profiles_it_is_loaded_for_who_has_come(
    spawner: LocalSpawner, ahead: ServersAhead
) -> None:
    asyncio.run(come(spawner, "", None))
    assert ahead.waits(ADA)


@pytest.mark.parametrize(("form", "server"), [("the profiles", None), ("", HERS)])
def test_it_is_not_loaded_before_that_page_or_beside_a_server(
    spawner: LocalSpawner, ahead: ServersAhead, form: str, server: orm.Server | None
) -> None:
    asyncio.run(come(spawner, form, server))
    assert not ahead.waits(ADA)
