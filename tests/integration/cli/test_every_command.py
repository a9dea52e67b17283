"""All commands, one after the other as somebody would use them, each with `--json`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from gristmill.cli.main import app
from tests.integration.cli.conftest import Run as Gristmill
from tests.integration.conftest import ControlPlane, WriteNotebook

pytestmark = pytest.mark.slow

TRAIN = """\
import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
model = LogisticRegression(C=c).fit(X, [0, 0, 1, 1])
mlflow.sklearn.log_model(model, name="plain", input_example=X.head(2))
print("logged")
"""

# What is typed, in this order. Where it is refused the exit status stands first.
WALK: tuple[tuple[str, ...], ...] = (
    ("init", "project"),
    ("doctor",),
    ("8", "server", "status"),
    ("server", "start"),
    ("server", "status"),
    ("db", "status"),
    ("db", "upgrade"),
    ("profiles",),
    ("secrets", "set", "password"),
    ("secrets", "list"),
    ("secrets", "rotate"),
    ("secrets", "delete", "password"),
    ("data", "add", "lake", "project"),
    ("data", "list"),
    ("data", "show", "lake"),
    ("data", "delete", "lake"),
    ("environments", "add", "own", "--kernel", "python3"),
    ("environments", "list"),
    ("environments", "show", "own"),
    ("environments", "delete", "own"),
    ("environments", "prune"),
    ("parameters", "work.ipynb"),
    ("run", "work.ipynb", "-p", "c=0.5"),
    ("runs", "rerun", "1", "--detach"),
    ("5", "runs", "start-anyway", "1"),
    ("runs", "cancel", "2"),
    ("runs", "list"),
    ("runs", "show", "1"),
    ("runs", "logs", "1"),
    ("runs", "events", "1"),
    ("runs", "outputs", "1"),
    ("runs", "diff", "1", "2"),
    ("runs", "logs", "2", "--follow"),
    ("runs", "delete", "2"),
    ("kernels", "list"),
    ("4", "kernels", "end", "1"),
    ("models", "register", "plain", "--run", "1"),
    ("models", "list"),
    ("models", "show", "plain/1"),
    ("open", "mlflow"),
    ("3", "hub", "--home", "/dev/null"),  # as with `lab`
    ("4", "lab", "no-such-folder"),  # one that starts stays: the browser's tests have it
    ("deploy", "plain/1", "--endpoint", "plain"),
    ("endpoints", "list"),
    ("endpoints", "show", "plain"),
    ("endpoints", "predict", "plain"),
    ("endpoints", "key", "plain"),
    ("endpoints", "keys", "create", "plain", "--name", "other"),
    ("endpoints", "keys", "list", "plain"),
    ("endpoints", "keys", "revoke", "plain", "other"),
    ("endpoints", "delete", "plain"),
    ("audit", "verify"),
    ("gc", "--dry-run"),
    ("gc",),
    ("backup", "home.backup"),
    ("server", "stop", "--all"),
    ("restore", "home.backup", "--home", "restored"),
)
LINES = {("runs", "logs"), ("runs", "events")}  # a document a line, as they come


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path
        return
    for name, child in below.items():
        yield from commands(child, (*path, name))


def named(words: tuple[str, ...], known: set[tuple[str, ...]]) -> tuple[str, ...]:
    return max((words[:length] for length in range(1, 4) if words[:length] in known), key=len)


@pytest.fixture
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("home"))
    yield plane
    plane.stop()


@pytest.mark.timeout(600)
def test_every_command_answers_with_json(
    gristmill: Gristmill, control_plane: ControlPlane, notebook: WriteNotebook
) -> None:
    """A result is one document, or one a line; a refusal is a problem document on stderr."""
    notebook(TRAIN, parameters="c: float = 1.0")
    known, walked = set(commands(typer.main.get_command(app))), set()
    for step in WALK:
        status, words = (int(step[0]), step[1:]) if step[0].isdecimal() else (0, step)
        command = named(words, known)
        walked.add(command)
        ran = gristmill(*words, "--json", status=status, text="hidden\n")
        if status:
            assert json.loads(ran.err)["code"], words
        elif command in LINES:
            for line in ran.out.splitlines():
                json.loads(line)
        else:
            json.loads(ran.out)
    assert known - walked == set(), "a new command is walked here too"


# In one process: of each command the whole start would be the same.
HELP = """
import contextlib
import io
import json
import sys
from gristmill.cli.main import app
for path in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        try:
            app([*path, "--help"], prog_name="gristmill")
        except SystemExit as ended:
            status = ended.code
    print(json.dumps([path, status, shown.getvalue()]))
"""


@pytest.mark.parametrize("columns", ["60", "80"])
def test_help_fits_the_terminal(columns: str) -> None:
    asked: list[tuple[str, ...]] = [(), *commands(typer.main.get_command(app))]
    narrow = {**os.environ, "COLUMNS": columns}
    script = (sys.executable, "-c", HELP)
    done = subprocess.run(script, input=json.dumps(asked), env=narrow, stdout=subprocess.PIPE, text=True, check=True)
    shown = {tuple(path): (status, text) for path, status, text in map(json.loads, done.stdout.splitlines())}
    assert shown.keys() == set(asked)
    for path, (status, text) in shown.items():
        assert status == 0, path
        assert f"Usage: {' '.join(('gristmill', *path))} " in text
        assert [line for line in text.splitlines() if len(line) > int(columns)] == [], path
