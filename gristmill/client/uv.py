"""The uv that resolves and installs, where this machine has it. It reads its owner's own configuration."""

import shutil
import sys
from pathlib import Path

from gristmill.core.errors import UnsupportedError

PLAIN = ("--no-progress", "--color", "never")


def find_uv() -> str:
    """Its path: from PATH, else beside the interpreter that this runs in.

    Raises:
        UnsupportedError: there is none.
    """
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if found is None:
        raise UnsupportedError(
            "environments from requirements need uv, which is neither on PATH nor beside this Python",
            hint=f"Install it: {sys.executable} -m pip install uv",
        )
    return found


def said(output: str, most: int = 20) -> str:
    """The end of what uv said, as part of a message."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not line.startswith("warning:")]
    return "\n".join(lines[-most:])
