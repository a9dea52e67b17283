"""`gristmill.panel`, where it may not even be able to show one."""

import subprocess
import sys

LACKING = """\
import sys
sys.modules["ipywidgets"] = None  # not installed
import gristmill
from gristmill.core.errors import UnsupportedError
try:
    gristmill.panel.runs()
except UnsupportedError as error:
    print(error.message, error.hint)"""
LAZY = """\
import sys, gristmill
assert "panel" in dir(gristmill)
gristmill.panel
print([name for name in ("ipywidgets", "IPython", "httpx", "msgspec") if name in sys.modules])"""


def said(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_without_what_panels_are_made_of_it_says_what_to_install() -> None:
    assert "pip install 'gristmill[widgets]'" in said(LACKING)


def test_nothing_is_loaded_before_the_first_panel() -> None:
    assert said(LAZY) == "[]"
