"""Which paths a snapshot may have."""

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.snapshots.model import MAX_PATH_BYTES, MAX_PATH_PARTS, check_path


@pytest.mark.parametrize(
    "path",
    ["a.ipynb", "work/ünïcode name.ipynb", "/".join("a" * MAX_PATH_PARTS), "/".join(["a" * 199] * 4)],
)
def test_a_relative_path_is_allowed(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/a", "a//b", "a/../b", "./a", "a\\b", "a\nb", "a\0b", "C:/a", "a" * 256),
        *("a/\ud800", "ü" * 128, "/".join("a" * (MAX_PATH_PARTS + 1)), "/".join(["a" * 200] * 4)),
    ],
)
def test_a_path_that_not_every_platform_can_have_is_refused(path: str) -> None:
    with pytest.raises(InvalidInputError, match="snapshot path"):
        check_path(path)


def test_it_is_said_by_how_much_a_path_is_too_long() -> None:
    with pytest.raises(InvalidInputError, match=f"6007 bytes in 3001 parts: expected at most {MAX_PATH_BYTES} bytes"):
        check_path("a/" * 3000 + "b.ipynb")
