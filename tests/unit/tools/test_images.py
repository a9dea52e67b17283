"""How large images are, and may be."""

import shlex
import sys
from pathlib import Path

import pytest

from tools import images


def says(text: str) -> str:
    return shlex.join([sys.executable, "-c", f"import sys; print({text!r} if sys.argv[1] == 'ours:1' else 0)"])


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IMAGE_SIZE", "IMAGE_BUILDER"):
        monkeypatch.delenv(name, raising=False)


def test_a_named_command_says_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_SIZE", says("1234"))
    assert images.size_of("ours:1") == 1234


def test_what_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_SIZE", says("1.2 GB"))
    with pytest.raises(ValueError, match=r"said '1.2 GB': expected a number of bytes"):
        images.size_of("ours:1")


def test_of_another_builders_image_the_size_is_not_known_unless_something_says_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMAGE_BUILDER", "another")
    assert images.size_of("ours:1") is None
    assert "IMAGE_SIZE names no command" in images.in_words(None)
    assert images.fault("ours:1", None, 10) is None


def test_an_image_may_be_as_large_as_is_said_and_no_larger() -> None:
    assert images.fault("ours:1", 800_000_000, 800_000_000) is None
    assert images.fault("ours:1", 800_000_000, None) is None
    assert images.fault("ours:1", 1_900_000_000, 1_600_000_000) == (
        "ours:1 has 1.90 GB: expected 1.60 GB at most (hub/images/images.yaml)"
    )


def test_the_images_that_people_wait_for_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    known = images.described()
    assert all("most" in known[name] for name in ("single-user", "endpoint"))


def test_too_large_an_image_fails_the_command_once_all_are_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "build_wheel", lambda folder: folder)
    monkeypatch.setattr(images, "build_ours", lambda name, _: f"{name}:1")
    monkeypatch.setattr(images, "size_of", lambda _: 1_000_000_000)
    assert images.main(["endpoint", "single-user"]) == 1
    out, err = capsys.readouterr()
    assert {line.split()[0] for line in out.splitlines()} == {"endpoint:1", "single-user:1"}
    assert err.splitlines() == ["endpoint:1 has 1.00 GB: expected 0.80 GB at most (hub/images/images.yaml)"]
    assert images.main(["single-user"]) == 0
