"""What is typed at the command line is read, or refused with what was expected."""

import pytest
import typer

from gristmill.cli.options import assigned, model_version, seconds


def test_assignments_may_hold_anything_behind_the_first_equals_sign() -> None:
    assert assigned(["a=1", "b=x=y", "c="], "-p") == {"a": "1", "b": "x=y", "c": ""}


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="'a' is given twice"):
        assigned(["a=1", "a =2"], "-p")


@pytest.mark.parametrize("text", ["a", "=1", " =1"])
def test_an_assignment_without_name_or_sign_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected name=value"):
        assigned([text], "-p")


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("1.5m", 90), ("15 min", 900), ("2h", 7200), ("1D", 86_400)]
)
def test_times_have_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "m", "-3", "1y", "1h30"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time"):
        seconds(text)


def test_a_model_version_is_split_at_the_last_slash() -> None:
    assert model_version("churn/3") == ("churn", "3")


@pytest.mark.parametrize("text", ["churn", "/3", "churn/"])
def test_what_is_no_model_version_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected MODEL/VERSION"):
        model_version(text)
