"""Which port a control plane takes, and that it can prove itself to whom it gave a token."""

import logging
import socket
from pathlib import Path

import pytest

from gristmill.core.settings import Settings
from gristmill.server import files
from gristmill.server.main import listen


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def port_of(one: socket.socket) -> int:
    return int(one.getsockname()[1])


def test_the_first_port_is_kept(tmp_path: Path) -> None:
    with listen(Settings(home=tmp_path)) as first:
        port = port_of(first)
    assert files.kept_port(tmp_path) == port
    with listen(Settings(home=tmp_path)) as again:
        assert port_of(again) == port


def test_a_kept_port_that_becomes_free_in_time_is_taken_again(tmp_path: Path, taken: socket.socket) -> None:
    port = port_of(taken)
    files.keep_port(tmp_path, port)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            taken.close()

    with listen(Settings(home=tmp_path), patience=60, pause=pause) as found:
        assert port_of(found) == port
    assert len(pauses) == 3


def test_a_port_that_stays_taken_is_given_up_and_the_choice_is_said(
    tmp_path: Path, taken: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    port = port_of(taken)
    files.keep_port(tmp_path, port)
    with taken, caplog.at_level(logging.WARNING), listen(Settings(home=tmp_path), patience=0.3) as found:
        chosen = port_of(found)
    assert chosen != port
    assert files.kept_port(tmp_path) == chosen
    assert f"port {port} is taken by another program" in caplog.text
    assert f"this is port {chosen}" in caplog.text
