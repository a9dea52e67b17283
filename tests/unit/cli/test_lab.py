"""What `gristmill lab` says when it cannot start; that it does is tried in a browser."""

import importlib.util
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gristmill.cli.lab import _free, _placed
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
