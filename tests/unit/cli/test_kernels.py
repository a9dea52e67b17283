"""Kept kernels at the command line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from gristmill.cli.kernels import connect, print_kernels
from gristmill.cli.main import app
from gristmill.cli.post_mortem import KeepsKernel, RunCommand
from gristmill.cli.run_result import print_result
from gristmill.profiles.model import Resources
from gristmill.runs.model import KeptKernel, PostMortemKernel, RunState
from tests.unit.cli.made import NOON, a_run, an_attempt

KEPT = KeptKernel(connection_file="/a home/k.json", since=NOON, until=NOON + timedelta(minutes=30))
KERNEL = PostMortemKernel(
    id="attempt_1",
    run="run_1",
    number=41,
    name="train-41",
    notebook="train.ipynb",
    profile="medium",
    resources=Resources(cpu=1, memory=10**9),
    kept=KEPT,
    memory=212 * 10**6,
)

typed: list[tuple[str, float | None]] = []
own = typer.Typer()


@own.command(cls=RunCommand)
def run(notebook: Annotated[str, typer.Argument()], post_mortem: KeepsKernel = None) -> None:
    typed.append((notebook, post_mortem))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a.ipynb"], ("a.ipynb", None)),
        (["a.ipynb", "--post-mortem"], ("a.ipynb", 1800.0)),
        (["--post-mortem", "a.ipynb"], ("a.ipynb", 1800.0)),
        (["a.ipynb", "--post-mortem=2h"], ("a.ipynb", 7200.0)),
        (["--post-mortem=90", "--", "--post-mortem"], ("--post-mortem", 90.0)),
    ],
)
def test_the_time_may_be_left_out(arguments: list[str], expected: tuple[str, float | None]) -> None:
    result = CliRunner().invoke(own, arguments)
    assert result.exit_code == 0, result.output
    assert typed[-1] == expected


def test_a_time_that_is_none_is_wrong_usage() -> None:
    assert CliRunner().invoke(own, ["a.ipynb", "--post-mortem=soon"]).exit_code == 2


def test_what_is_kept_is_shown_with_what_it_holds_and_how_to_connect(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    kept = replace(KEPT, since=now - timedelta(minutes=2.5), until=now + timedelta(hours=2.5))
    ending = replace(KERNEL, name="train-42", memory=None, kept=replace(kept, ending=True))
    print_kernels([replace(KERNEL, kept=kept), ending])
    out = capsys.readouterr().out
    assert "1 core, 1 GB" in out
    assert "212 MB" in out
    assert "min ago" in out
    assert "in 2 h " in out
    assert " now\n" in out
    assert "jupyter console --existing '/a home/k.json'" in out


def test_where_none_is_kept_it_is_said_how_to_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_kernels([])
    assert "--post-mortem" in capsys.readouterr().err


def test_a_failed_runs_end_says_how_to_look_at_it(capsys: pytest.CaptureFixture[str]) -> None:
    attempt = an_attempt(state=RunState.FAILED, kept_kernel=KEPT)
    print_result(a_run(RunState.FAILED, attempt=attempt), ())
    out = capsys.readouterr().out
    assert "kept until" in out
    assert "gristmill kernels end 41" in out
    assert connect(KEPT.connection_file) in out


def test_the_group_itself_lists() -> None:
    help_text = CliRunner().invoke(app, ["kernels", "--help"]).output
    assert "end" in help_text
    assert "--json" in help_text
