"""JupyterLab and a hub's servers as `python -m gristmill_lab` starts them."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from gristmill_hub.ahead import TOLD_LATER


def started(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-X", "importtime", "-m", "gristmill_lab", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("program", "package"), [("lab", "jupyterlab"), ("singleuser", "jupyterhub")])
def test_it_is_the_program_itself_without_the_slow_import(program: str, package: str) -> None:
    it = started(program, "--version")
    assert it.stdout.strip() == version(package)
    assert "jsonschema" in it.stderr
    assert "lark" not in it.stderr  # what builds its grammar


@pytest.mark.parametrize("arguments", [(), ("notebook", "--version")])
def test_another_program_is_refused(arguments: tuple[str, ...]) -> None:
    it = started(*arguments)
    assert it.returncode == 1
    assert f"expected one of lab, singleuser, then that program's own options; got {list(arguments)}" in it.stderr


def told(words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gristmill_lab", "singleuser", "--ahead"]
    return subprocess.run(command, check=False, capture_output=True, text=True, input=words)


def test_what_was_loaded_ahead_is_the_program_once_it_is_told_how(tmp_path: Path) -> None:
    home = tmp_path / "removed meanwhile"
    it = told(json.dumps({"arguments": ["--version"], "environ": {}, "folder": str(home)}))
    assert home.is_dir()
    assert (it.returncode, it.stdout.strip()) == (0, version("jupyterhub"))


def test_what_was_loaded_ahead_and_is_wanted_by_nobody_ends() -> None:
    it = told("")
    assert (it.returncode, it.stdout, it.stderr) == (0, "", "")


# Who copies all of the environment asks for none of it.
SAYS_WHAT_IS_ASKED_FOR = """import os, sys
asked, read = set(), os._Environ.__getitem__
def said(environ, name):
    if sys._getframe(1).f_code.co_name != "__iter__":
        asked.add(name)
    return read(environ, name)
os._Environ.__getitem__ = said
from gristmill_lab.__main__ import load_ahead
load_ahead("jupyterhub.singleuser")
print(*asked)
"""


def test_nothing_that_is_loaded_ahead_asks_for_what_is_told_later() -> None:
    command = [sys.executable, "-c", SAYS_WHAT_IS_ASKED_FOR]
    asked = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert {"HOME", "JUPYTERHUB_SERVICE_PREFIX"} <= set(asked), "why it has to know whose it is"
    assert TOLD_LATER.isdisjoint(asked)
