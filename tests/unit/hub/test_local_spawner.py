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
from gristmill_hub.ahead import COMMAND, ServerAhead
from gristmill_hub.local_spawner import LocalSpawner
from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import can_connect, random_port

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
def spawner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalSpawner]:
    """Of a person who chooses a profile, whose server of its own, begun by the start, would end at once."""
    made, port = starting(monkeypatch, "raise SystemExit(3)")
    made.cmd, made.port, made.home_dir, made.options_form = list(COMMAND), port, str(tmp_path), "the profiles"
    made.user = SimpleNamespace(name="ada", base_url="/user/ada", url="/user/ada/")
    made._ahead = ServerAhead([sys.executable, "-c", LISTENS_ONCE_TOLD])
    known = {**os.environ, "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
    monkeypatch.setattr(LocalSpawner, "get_args", lambda _: [str(port)])
    monkeypatch.setattr(LocalSpawner, "get_env", lambda _: dict(known))
    yield made
    made._ahead.end()


async def looked_at_and_started(spawner: LocalSpawner) -> tuple[str, int]:
    assert await spawner.get_options_form() == spawner.options_form
    return await spawner.start()


def test_the_process_that_waits_since_the_page_was_looked_at_is_the_server(spawner: LocalSpawner) -> None:
    async def begun() -> subprocess.Popen[str] | None:
        await spawner.get_options_form()
        waiting = spawner._ahead._waiting
        assert await spawner.start() == ("127.0.0.1", spawner.port)
        return waiting

    waiting = asyncio.run(begun())
    assert waiting is not None
    try:
        assert (spawner.proc, spawner.orm_spawner.state["pid"]) == (waiting, waiting.pid)
        assert not spawner._ahead.waits
    finally:
        waiting.kill()
        waiting.wait()


@pytest.mark.parametrize(
    "given",
    [
        {"cmd": ["jupyterhub-singleuser"]},
        {"shell_cmd": ["bash", "-c"]},
        {"popen_kwargs": {"umask": 0o77}},
        {"environment": {"PROJECT": lambda _: "asked for at a start"}},
        {"options_form": ""},
    ],
)
def test_none_waits_for_a_server_that_it_could_not_be(spawner: LocalSpawner, given: dict[str, Any]) -> None:
    for name, value in given.items():
        setattr(spawner, name, value)
    with pytest.raises(RuntimeError, match="ended with status 3"):
        asyncio.run(looked_at_and_started(spawner))


def test_one_that_waited_for_another_server_ends(spawner: LocalSpawner, tmp_path: Path) -> None:
    async def changed_meanwhile() -> None:
        await spawner.get_options_form()
        waiting = spawner._ahead._waiting
        assert waiting is not None
        spawner.home_dir = str(tmp_path / "elsewhere")
        with pytest.raises(RuntimeError, match="ended with status 3"):
            await spawner.start()
        assert waiting.wait(60) == 0

    asyncio.run(changed_meanwhile())


def test_who_leaves_the_page_and_starts_nothing_is_not_waited_for_for_ever(
    spawner: LocalSpawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_spawner, "UNTIL_GIVEN_UP", 0.01)

    async def left() -> int:
        await spawner.get_options_form()
        waiting = spawner._ahead._waiting
        assert waiting is not None
        return await asyncio.to_thread(waiting.wait, 60)

    assert asyncio.run(left()) == 0
