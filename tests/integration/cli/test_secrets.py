"""Secrets from the command line to the kernel: what a run is given, and where its value never is."""

import base64
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill.client import api
from gristmill.runs.model import RunState
from tests.integration.cli.conftest import OpenTerminal, Run
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

pytestmark = pytest.mark.both_databases

VALUE = "hush/hush+value-41"
LINES = "first line of a long key\nsecond line of a long key"

LOUD = """
import base64, json, os, subprocess, sys, urllib.parse
import gristmill
value = gristmill.secret("LOUD")
print("plain", value)
print("encoded", base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode())
print("header", base64.b64encode(f"user:{value}".encode()).decode())
print("quoted", urllib.parse.quote(value, safe=""), json.dumps({"key": value}), repr(value))
print("error", value, file=sys.stderr)
sys.stdout.write("split " + value[:7]); sys.stdout.flush()
sys.stdout.write(value[7:] + " end\\n"); sys.stdout.flush()
os.system(f"echo to the descriptor {value}")
print(subprocess.run(["echo", "child", value], capture_output=True, text=True).stdout)
print(gristmill.secret("LINES"))
print("length", len(value))
"""
SHOWN = """
from IPython.display import HTML, JSON, display
display(HTML(f"<b>{value}</b>"), JSON({"key": value}), {"key": value})
gristmill.progress(0.5, f"with {value}")
value
"""
LOGGED = """
import mlflow
mlflow.log_param("key", value)
mlflow.set_tag("tag", f"token={value}")
mlflow.log_metric("fine", 1.0)
try:
    mlflow.log_text(value, "kept.txt")
except Exception as error:
    print("refused:", error)
mlflow.log_text("nothing", "fine.txt")
"""
WRITTEN = """
open("out.txt", "w").write(f"it is {value}")
open("fine.txt", "w").write("it is not here")
"""
RAISED = "raise ValueError(f'cannot log in with {value}')"


@pytest.fixture
def loud(control_plane: ControlPlane, gristmill: Run) -> Iterator[None]:
    gristmill("secrets", "set", "LOUD", text=f"{VALUE}\n")
    gristmill("secrets", "set", "LINES", text=LINES)
    yield
    gristmill("secrets", "delete", "LOUD")
    gristmill("secrets", "delete", "LINES")


def test_a_secret_is_set_listed_and_deleted_and_its_value_never_told(gristmill: Run) -> None:
    done = gristmill("secrets", "set", "TOKEN", text="hush-hush\n")
    assert "gristmill run NOTEBOOK --secret TOKEN" in done.out
    assert "gristmill run NOTEBOOK --secret-env TOKEN" in done.out
    assert "It is kept in " in done.err, "the database or a keyring"
    listed = gristmill("secrets", "list")
    assert "TOKEN" in listed.out
    assert "never" in listed.out
    as_json = gristmill("secrets", "list", "--json").json
    assert [one["name"] for one in as_json] == ["TOKEN"]
    deleted = gristmill("secrets", "delete", "TOKEN", "--json")
    assert deleted.json["name"] == "TOKEN"
    assert "hush" not in listed.out + str(as_json) + deleted.out
    assert gristmill("secrets", "list", "--json").json == []


def test_a_short_value_is_refused_with_the_reason(gristmill: Run) -> None:
    refused = gristmill("secrets", "set", "PIN", text="123\n", status=3)
    assert "has 3 characters: expected at least 4" in refused.err
    assert "masked wherever it shows" in refused.err


def test_on_a_terminal_the_value_is_asked_for_and_not_shown(terminal: OpenTerminal, gristmill: Run) -> None:
    shown = terminal("secrets", "set", "TYPED")
    shown.expect(r"Value of TYPED \(it is not shown\): ")
    shown.type("typed-value\n")
    shown.expect("TYPED is set")
    assert shown.status() == 0
    assert "typed-value" not in shown.text
    gristmill("secrets", "delete", "TYPED")


def test_what_is_not_granted_or_not_there_is_refused_before_anything_is_sent(
    gristmill: Run, notebook: WriteNotebook, loud: None
) -> None:
    path = notebook("from gristmill import secret as s", "s('LOUD')", "s('UNSET')", "print(s('LO' + 'UD'))")
    before = gristmill("runs", "list", "--json").json
    refused = gristmill("run", path, "--secret", "LODU", "--secret-env", "LINES=PATH", status=3)
    assert "there is no secret 'LODU'" in refused.err
    assert "Did you mean 'LOUD'?" in refused.err
    assert "asks for the secret LOUD, which is not granted" in refused.err
    assert "--secret LOUD" in refused.err
    assert "there is no secret 'UNSET'" in refused.err
    assert "the environment variable PATH is not for a secret" in refused.err
    assert gristmill("runs", "list", "--json").json == before


def test_a_name_that_is_put_together_is_refused_in_the_run(gristmill: Run, notebook: WriteNotebook, loud: None) -> None:
    path = notebook("import gristmill\nname = 'LO' + 'UD'\ngristmill.secret(name)")
    failed = gristmill("run", path, "--secret", "LINES", status=1)
    assert "the secret 'LOUD' was not granted to this run: it has LINES" in failed.out


def test_a_value_is_in_the_environment_only_where_it_was_asked_for(
    gristmill: Run, notebook: WriteNotebook, loud: None
) -> None:
    count = "import os; print('variables:', [n for n, v in os.environ.items() if v == gristmill.secret('LOUD')])"
    path = notebook(f"import gristmill\n{count}")
    first = gristmill("run", path, "--secret", "LOUD", "--json").json
    assert "variables: []" in gristmill("runs", "logs", str(first["number"])).out
    second = gristmill("run", path, "--secret-env", "LOUD=MY_TOKEN", "--json").json
    assert "variables: ['MY_TOKEN']" in gristmill("runs", "logs", str(second["number"])).out
    assert second["secrets"] == [{"name": "LOUD", "env": "MY_TOKEN"}]


@pytest.mark.timeout(400)
def test_a_run_that_tells_its_secret_everywhere_leaves_it_nowhere(
    control_plane: ControlPlane, gristmill: Run, notebook: WriteNotebook, loud: None
) -> None:
    path = notebook(LOUD, SHOWN, LOGGED, WRITTEN, RAISED)
    failed = gristmill("run", path, "--secret", "LOUD", "--secret", "LINES", status=1)
    assert "ValueError: cannot log in with ***" in failed.out + failed.err
    with control_plane.client() as client:
        run = client.send(api.list_runs(limit=1))[0]
        executed = client.send(api.executed_notebook(run.id)).decode()
        detail = client.send(api.get_run(run.id))
    assert run.state is RunState.FAILED
    shown = gristmill("runs", "logs", str(run.number)).out
    for line in ("plain ***", "encoded *** ***", "error ***", "split *** end", "child ***", f"length {len(VALUE)}"):
        assert line in shown, line
    assert "refused:" in shown
    assert "the file holds the value of the secret LOUD" in shown
    assert "cannot log in with ***" in executed
    assert [output.name for output in detail.outputs] == ["fine.txt"]
    told = [shown, executed, failed.out, failed.err, gristmill("runs", "show", str(run.number), "--json").out]
    assert [text for text in told for form in forms(VALUE) if form in text] == []
    assert [text for text in told for line in LINES.splitlines() if line in text] == []
    attempts = control_plane.home / "attempts"
    until(lambda: not any(attempts.iterdir()), what="the attempt's folder is gone")
    assert places(control_plane.home) == []


def forms(value: str) -> list[str]:
    data = value.encode()
    return [
        value,
        urllib.parse.quote(value, safe=""),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        base64.b64encode(b"user:" + data).decode()[7:],
        data.hex(),
    ]


def places(home: Path) -> list[str]:
    """Every file of the home that holds the value in some form: the vault's rows are encrypted, so none does."""
    wanted = [form.encode() for form in (*forms(VALUE), *LINES.splitlines(), json.dumps(LINES)[1:-1])]
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 20
    return [str(path.relative_to(home)) for path in files if any(form in path.read_bytes() for form in wanted)]
