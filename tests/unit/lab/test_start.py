"""JupyterLab and a hub's servers as `python -m gristmill_lab` starts them."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

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


def test_what_was_loaded_ahead_is_the_program_once_it_is_told_how() -> None:
    it = told(json.dumps({"arguments": ["--version"], "environ": dict(os.environ)}))
    assert (it.returncode, it.stdout.strip()) == (0, version("jupyterhub"))


def test_what_was_loaded_ahead_and_is_wanted_by_nobody_ends() -> None:
    it = told("")
    assert (it.returncode, it.stdout, it.stderr) == (0, "", "")


# Whatever holds the word, be it the default of a trait, but for the environment and wsgiref's copy of it.
LOOKS_FOR_A_WORD = """import gc, os, posix, sys, wsgiref.handlers
from gristmill_lab.__main__ import load_ahead
word = sys.argv[1]
load_ahead("jupyterhub.singleuser")
known = (vars(os.environ)["_data"], posix.environ, wsgiref.handlers.BaseHandler.os_environ)
looked_at, found, after = set(map(id, known)), [], gc.get_objects()
while after:
    holder = after.pop()
    if id(holder) in looked_at or holder is sys.argv or holder is found:
        continue
    looked_at.add(id(holder))
    for held in gc.get_referents(holder):
        if isinstance(held, str | bytes):
            text = held if isinstance(held, str) else held.decode(errors="replace")
            if word in text and text != word:
                found.append(f"{type(holder).__name__} {text}")
        elif isinstance(held, dict | list | tuple | set | frozenset):
            after.append(held)
print("\\n".join(found))
"""


def asked_for_at_once(*names: str) -> str:
    """What has been made of these variables by all that is loaded ahead."""
    environ = {**os.environ, **{name: f"/for-a-look/{name}" for name in names}}
    command = [sys.executable, "-c", LOOKS_FOR_A_WORD, "/for-a-look"]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout.strip()


def test_nothing_that_is_loaded_ahead_asks_for_what_is_told_later() -> None:
    assert asked_for_at_once(*TOLD_LATER) == ""
    assert "/for-a-look/HOME/.jupyter/lab/workspaces" in asked_for_at_once("HOME"), "the look does see them"
