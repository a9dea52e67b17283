"""What `gristmill lab` says when it cannot start; that it does is tried in a browser."""

import importlib.util
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gristmill.cli.lab import _free, _placed, _wait
from gristmill.cli.main import app
from gristmill.core.errors import InvalidInputError, NotFoundError, UnavailableError


def test_without_jupyterlab_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    result = CliRunner().invoke(app, ["lab", str(tmp_path)])
    assert result.exit_code == 9
    assert "pip install 'gristmill[lab]'" in result.output


def test_a_notebook_is_opened_in_its_own_folder(tmp_path: Path) -> None:
    notebook = tmp_path / "train.ipynb"
    notebook.write_text("{}")
    assert _placed(notebook) == (tmp_path, "train.ipynb")
    assert _placed(tmp_path) == (tmp_path, None)


def test_what_is_no_place_to_start_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    with pytest.raises(InvalidInputError):
        _placed(tmp_path / "train.py")
    with pytest.raises(NotFoundError):
        _placed(tmp_path / "gone")


def test_a_port_that_is_taken_is_told_of() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=f"port {port} is taken"):
            _free(port)
    assert _free(None) in range(8888, 8988)


class Another(BaseHTTPRequestHandler):
    """A Jupyter server of somebody else's: it says what it is to all, and who is in it to those who have its token."""

    asked = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api" else 403)
        self.end_headers()
        self.asked.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        pass


@pytest.fixture
def another() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Another) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/status"
        server.shutdown()
        thread.join()


class Ending:
    """A JupyterLab that found its port taken, and ends once the other one was asked."""

    @property
    def status(self) -> int | None:
        return 1 if Another.asked.is_set() else None


def test_anothers_server_at_its_port_is_not_taken_for_the_one_that_was_started(another: str) -> None:
    process: Any = Ending()
    with pytest.raises(UnavailableError, match="ended with status 1"):
        _wait(process, another, "ours")
