"""JupyterLab and a hub's servers as `python -m gristmill_lab` starts them."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


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
    home = tmp_path / "people" / "ada"
    it = told(json.dumps({"arguments": ["--version"], "environ": dict(os.environ), "folder": str(home)}))
    assert (it.returncode, it.stdout.strip()) == (0, version("jupyterhub"))
    assert home.is_dir()


def test_what_was_loaded_ahead_and_is_wanted_by_nobody_ends() -> None:
    it = told("")
    assert (it.returncode, it.stdout, it.stderr) == (0, "", "")
