"""Commands that look and change nothing."""

import socket
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import WriteNotebook


def test_lists_of_nothing_say_what_makes_the_first(gristmill: Gristmill) -> None:
    assert "gristmill run NOTEBOOK" in gristmill("runs", "list").err
    assert "gristmill models register" in gristmill("models", "list").err
    assert "gristmill deploy" in gristmill("endpoints", "list").err
    for noun in ("runs", "models", "endpoints"):
        assert gristmill(noun, "list", "--json").json == []


def test_profiles_say_what_is_free(gristmill: Gristmill) -> None:
    out = gristmill("profiles").out
    assert out.splitlines()[0].split()[:3] == ["profile", "cores", "memory"]
    found = gristmill("profiles", "--json").json
    assert sum(one["profile"]["default"] for one in found) == 1


def test_the_audit_log_is_verified(gristmill: Gristmill, notebook: WriteNotebook) -> None:
    gristmill("run", notebook("1"), "--detach")
    assert "each following from the one before it" in gristmill("audit", "verify").out
    assert gristmill("audit", "verify", "--json").json["broken_at"] is None


def test_a_control_plane_elsewhere_needs_a_token_and_is_never_started(
    gristmill: Gristmill, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("GRISTMILL_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        assert "GRISTMILL_TOKEN is not" in gristmill("runs", "list", status=6).err
        monkeypatch.setenv("GRISTMILL_TOKEN", "token")
        assert "does not answer" in gristmill("runs", "list", status=8).err


@pytest.mark.parametrize(
    "command",
    [
        ("runs", "show", ""),
        ("runs", "show", "22/events"),
        ("runs", "logs", ""),
        ("models", "show", ""),
        ("models", "register", "a/b", "--run", "1"),
        ("endpoints", "show", ""),
        ("endpoints", "delete", "sig/keys/v2", "--yes"),
        ("endpoints", "delete", "", "--yes"),
        ("data", "show", ""),
        ("environments", "show", ""),
        ("deploy", "sig/1", "--endpoint", "b a/d"),
    ],
)
def test_a_name_that_is_none_is_refused_before_anything_is_asked(
    gristmill: Gristmill, command: tuple[str, ...]
) -> None:
    done = gristmill(*command, status=3)
    assert "expected" in done.err
    assert "Traceback" not in done.err
