"""The command line as a whole."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gristmill import __version__
from gristmill.cli import main as command_line
from gristmill.cli.main import app

SLOW_TO_IMPORT = ("httpx", "msgspec", "rich.console", "pathspec", "yaml", "asyncio")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


EVERY_COMMAND = list(commands(typer.main.get_command(app)))


def test_all_commands_are_there() -> None:
    assert {" ".join(path) for path in EVERY_COMMAND} >= {
        "run",
        *(
            f"runs {name}"
            for name in ("list", "show", "logs", "events", "cancel", "rerun", "outputs", "diff", "delete")
        ),
        "runs start-anyway",
        "parameters",
        "profiles",
        *(f"models {name}" for name in ("register", "list", "show")),
        "deploy",
        *(f"endpoints {name}" for name in ("list", "show", "predict", "key", "delete")),
        "open",
        *(f"server {name}" for name in ("start", "stop", "status")),
        "audit verify",
        "doctor",
        "init",
    }


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()[2].strip()) > 10


def test_every_command_can_answer_programs() -> None:
    groups = {path[:-1] for path in EVERY_COMMAND}
    lacking = [
        path
        for path in EVERY_COMMAND
        if path not in groups and "--json" not in CliRunner().invoke(app, [*path, "--help"]).output
    ]
    assert lacking == []


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"gristmill {__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["runs", "show"], ["run", "--retries", "-1", "x.ipynb"], ["-x"]])
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["runs", "--help"]])
def test_help_imports_nothing_that_is_slow(arguments: list[str]) -> None:
    """What costs is imported by the command that needs it: the first answer is there in a tenth of a second."""
    script = (
        "import json, sys\n"
        "from gristmill.cli.main import main\n"
        f"sys.argv = ['gristmill', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(json.dumps([name for name in {SLOW_TO_IMPORT!r} if name in sys.modules]))\n"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert json.loads(output.splitlines()[-1]) == []


def test_a_fault_of_gristmills_own_shows_its_traceback_and_ends_with_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("never foreseen")

    monkeypatch.setattr(command_line, "app", broken)
    assert command_line.main() == 70
    said = capsys.readouterr().err
    assert "ZeroDivisionError: never foreseen" in said
    assert "Please report it" in said
