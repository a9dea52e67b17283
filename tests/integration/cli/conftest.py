"""`gristmill` as people start it: a process, on a terminal or not."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ControlPlane

GRISTMILL = Path(sys.executable).with_name("gristmill")
PATIENCE = 120.0


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def environment(plane: ControlPlane) -> dict[str, str]:
    return {**os.environ, **plane.environ, "PATH": f"{GRISTMILL.parent}:{os.environ['PATH']}"}


@pytest.fixture
def gristmill(control_plane: ControlPlane, tmp_path: Path) -> Run:
    """`gristmill("runs", "list")` runs it, away from any terminal; `status` is what it has to end with."""

    def run(*arguments: str | Path, status: int = 0, text: str = "") -> Ran:
        done = subprocess.run(
            [GRISTMILL, *arguments],
            env=environment(control_plane),
            cwd=tmp_path,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == status, f"{arguments}: {done.stdout}\n{done.stderr}"
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


class Terminal:
    """The command on a terminal of its own, 100 columns wide."""

    def __init__(self, arguments: Sequence[str | Path], plane: ControlPlane, folder: Path) -> None:
        self.text = ""
        self._seen = 0
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execve(GRISTMILL, [str(GRISTMILL), *map(str, arguments)], {**environment(plane), "TERM": "xterm"})  # noqa: S606  # no shell
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))

    def expect(self, pattern: str) -> None:
        """Waits until it shows what matches, behind what was expected before."""
        deadline = time.monotonic() + PATIENCE
        while (match := re.compile(pattern).search(self.text, self._seen)) is None:
            assert self._read(deadline), f"it ended, or {PATIENCE:g} s have passed, without {pattern!r}: {self.text}"
        self._seen = match.end()

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def status(self) -> int:
        """Its exit status; waits for its end."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            continue
        _, status = os.waitpid(self._pid, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)

    def _read(self, deadline: float) -> bool:
        """Whether there may be more."""
        if not select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            piece = os.read(self._terminal, 65_536)
        except OSError:  # the other end is closed
            return False
        self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode(errors="replace"))
        return bool(piece)


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def terminal(control_plane: ControlPlane, tmp_path: Path) -> OpenTerminal:
    def start(*arguments: str | Path) -> Terminal:
        return Terminal(arguments, control_plane, tmp_path)

    return start
