"""What a lock may hold, and what of a notebook's imports an interpreter lacks."""

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.environments.model import Inspected, check_name, lacking, locked_digest, read_lock

LOCK = """\
# what somebody wrote above it
Typing_Extensions==4.12.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
ipykernel[extra]==7.0 ; python_version >= "3.9" --hash=sha256:cc
"""


def test_a_lock_is_packages_with_versions_and_hashes() -> None:
    assert read_lock(LOCK) == ("ipykernel==7.0", "typing-extensions==4.12.0")


def test_the_digest_is_of_python_and_packages_and_not_of_how_they_are_written() -> None:
    other = 'ipykernel[extra]==7.0 ; python_version >= "3.9" --hash=sha256:cc\n'
    other += "Typing_Extensions==4.12.0 --hash=sha256:aa --hash=sha256:bb\n"
    assert locked_digest("3.11", LOCK) == locked_digest("3.11", other)
    assert locked_digest("3.12", LOCK) != locked_digest("3.11", LOCK)
    assert locked_digest("3.11", LOCK.replace("bb", "dd")) != locked_digest("3.11", LOCK)


@pytest.mark.parametrize(
    "line",
    [
        "pandas",
        "pandas==2.0",
        "-e file:///somewhere",
        "it @ git+https://example.com/it.git",
        "--index-url https://user:password@example.com",
        "./wheel.whl",
    ],
)
def test_what_is_not_the_same_twice_is_no_lock(line: str) -> None:
    with pytest.raises(InvalidInputError, match="is not locked"):
        read_lock(f"ipykernel==7.0 --hash=sha256:cc\n{line}\n")


def test_an_empty_lock_is_none() -> None:
    with pytest.raises(InvalidInputError, match="holds no packages"):
        read_lock("# nothing\n")


@pytest.mark.parametrize("name", ["", "-x", "../up", "a b", "x" * 64])
def test_a_name_is_one_word(name: str) -> None:
    with pytest.raises(InvalidInputError, match="no valid name"):
        check_name(name)


def test_what_an_interpreter_lacks_is_told_by_module_and_by_distribution() -> None:
    has = Inspected(interpreter="/p", packages=("scikit-learn==1.5",), modules=("sklearn", "json"), opaque=False)
    found = lacking(has, ["sklearn", "torch"], ["Scikit_Learn", "torch"])
    assert (found.modules, found.requirements) == (("torch",), ("torch",))


def test_nothing_is_claimed_of_an_interpreter_that_may_find_more_than_was_seen() -> None:
    assert lacking(Inspected(modules=(), opaque=True), ["torch"], []).modules == ()
