"""How a kernel asks for its secrets, here from this process."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import gristmill
from gristmill.core.errors import ForbiddenError, NotFoundError, UnavailableError
from gristmill.secrets.model import GrantedSecret
from gristmill.verbs import SECRETS
from gristmill.worker.secrets import Secrets

GRANTED = (GrantedSecret(name="TOKEN", value="hush-ü\nhush"), GrantedSecret(name="KEY", value="a-key", env="MY_KEY"))


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    with Secrets(GRANTED, tmp_path) as open_:
        monkeypatch.setenv(SECRETS, open_.environ[SECRETS])
        yield open_


def test_what_was_granted_is_told_as_often_as_it_is_asked_for(secrets: Secrets) -> None:
    assert [gristmill.secret("TOKEN"), gristmill.secret("KEY"), gristmill.secret("TOKEN")] == [
        "hush-ü\nhush",
        "a-key",
        "hush-ü\nhush",
    ]


def test_what_was_not_is_refused_with_what_to_do(secrets: Secrets) -> None:
    for name in ("OTHER", "", "TOKEN\nTOKEN", "x" * 10_000):
        with pytest.raises(ForbiddenError, match="was not granted to this run: it has KEY, TOKEN") as caught:
            gristmill.secret(name)
        assert f"--secret {name}" in str(caught.value.hint)


def test_many_may_ask_at_once(secrets: Secrets) -> None:
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(gristmill.secret("KEY"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["a-key"] * 20


def test_who_connects_and_goes_away_keeps_nobody_waiting(secrets: Secrets) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(secrets.path))
    assert gristmill.secret("KEY") == "a-key"


def test_nothing_is_written_but_the_name_of_a_socket_for_this_user_alone(secrets: Secrets, tmp_path: Path) -> None:
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    assert (tmp_path / "s").is_socket()
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600


def test_when_the_run_is_over_the_socket_is_gone_and_asking_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Secrets(GRANTED, tmp_path) as secrets:
        monkeypatch.setenv(SECRETS, str(secrets.path))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnavailableError, match="cannot be asked for"):
        gristmill.secret("TOKEN")


def test_a_folder_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with Secrets(GRANTED, folder) as secrets:
        assert secrets.path is not None
        assert secrets.path.parent.stat().st_mode & 0o777 == 0o700
        monkeypatch.setenv(SECRETS, str(secrets.path))
        assert gristmill.secret("KEY") == "a-key"
    assert not secrets.path.parent.exists()


def test_only_what_was_asked_for_is_in_the_environment(secrets: Secrets) -> None:
    assert secrets.environ == {"MY_KEY": "a-key", SECRETS: str(secrets.path)}


def test_a_run_without_secrets_listens_nowhere_and_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Secrets((), tmp_path) as secrets:
        assert secrets.environ == {SECRETS: ""}
        assert list(tmp_path.iterdir()) == []
        monkeypatch.setenv(SECRETS, "")
        with pytest.raises(ForbiddenError, match="it has none"):
            gristmill.secret("TOKEN")


def test_by_hand_a_variable_stands_for_it_and_else_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRETS, raising=False)
    with pytest.raises(NotFoundError, match="this is no run, and GRISTMILL_SECRET_TOKEN is not set") as caught:
        gristmill.secret("TOKEN")
    assert "gristmill run … --secret TOKEN" in str(caught.value.hint)
    monkeypatch.setenv("GRISTMILL_SECRET_TOKEN", "by hand")
    assert gristmill.secret("TOKEN") == "by hand"


def test_a_file_that_holds_a_value_is_known_by_the_secrets_name(secrets: Secrets, tmp_path: Path) -> None:
    file = tmp_path / "out.bin"
    file.write_bytes(b"\0" * (2**20 - 3) + b"a-key" + b"\0" * 10)
    assert secrets.shown_in(file) == "KEY"
    file.write_bytes(b"\0" * 100)
    assert secrets.shown_in(file) is None


def test_what_is_no_question_is_answered_and_told_nothing(secrets: Secrets) -> None:
    for question in (b"TOKEN\n", b'["TOKEN"]\n', b"\xff\n", b"7\n"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(secrets.path))
            connection.sendall(question)
            with connection.makefile("rb") as answer:
                assert b"hush" not in answer.read()
    assert gristmill.secret("KEY") == "a-key"
