"""Errors: what, got, expected, what to do; on stderr; with the exit status of their kind."""

import json

import pytest
import typer
from typer.testing import CliRunner

from gristmill.cli.errors import Commands, fail
from gristmill.cli.options import AsJson
from gristmill.core.errors import (
    EXIT_CODE,
    ConflictError,
    Fault,
    GristmillError,
    InvalidInputError,
    NotFoundError,
)

FAULTS = (
    Fault(where="depth", message="depth: must be a whole number (got 'x')", expected="a whole number"),
    Fault(where="dept", message="'dept' is no parameter", expected="one of: depth", hint="Did you mean 'depth'?"),
)


def app_that_raises(error: Exception) -> typer.Typer:
    app = typer.Typer(cls=Commands, rich_markup_mode=None)

    @app.command("run")
    def command(as_json: AsJson = False) -> None:  # noqa: FBT002  # as typer declares options
        raise error

    @app.command("doctor")
    def other() -> None:
        raise fail("it is broken")

    return app


def test_message_faults_and_hint_are_told_on_stderr() -> None:
    error = InvalidInputError("2 faults in the parameters", faults=FAULTS, hint="See the notebook.")
    result = CliRunner().invoke(app_that_raises(error), ["run"])
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "error: 2 faults in the parameters",
        "  depth: must be a whole number (got 'x')",
        "  'dept' is no parameter; expected one of: depth  Did you mean 'depth'?",
        "hint: See the notebook.",
    ]


def test_a_single_fault_is_told_once() -> None:
    error = InvalidInputError("depth: wrong", faults=(Fault(where="depth", message="wrong"),))
    result = CliRunner().invoke(app_that_raises(error), ["run"])
    assert result.stderr == "error: depth: wrong\n"


def test_for_programs_an_error_is_a_problem_document() -> None:
    error = NotFoundError("no run '7'", hint="List them.")
    result = CliRunner().invoke(app_that_raises(error), ["run", "--json"])
    problem = json.loads(result.stderr)
    assert problem["code"] == "not_found"
    assert problem["status"] == 404
    assert problem["detail"] == "no run '7'"
    assert problem["hint"] == "List them."


@pytest.mark.parametrize("kind", EXIT_CODE)
def test_every_kind_of_error_has_its_exit_status(kind: type[GristmillError]) -> None:
    result = CliRunner().invoke(app_that_raises(kind("no")), ["run"])
    assert result.exit_code == EXIT_CODE[kind]


def test_what_is_known_and_bad_ends_with_one() -> None:
    result = CliRunner().invoke(app_that_raises(ConflictError("")), ["doctor"])
    assert result.exit_code == 1
    assert result.stderr == "failed: it is broken\n"
