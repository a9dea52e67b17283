"""One process that has loaded what a person's server is made of, before anybody asks for one.

To load it takes a second, most of what a start on this machine takes. The process is told who it is for, and which
environment and folder it has, when a server is wanted; it ends when whoever waits with it ends.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND = (sys.executable, "-m", "gristmill_lab", "singleuser")
# Read while an interpreter starts, or while those modules are loaded: they cannot be changed any more afterwards.
_READ_AT_START = (
    *("PATH", "PYTHON", "LD_", "LANG", "LC_", "TZ", "TMPDIR", "VIRTUAL_ENV", "CONDA", "JUPYTERHUB_SINGLEUSER_"),
    *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
)
_AT_ONCE = 2**16  # bytes that a pipe takes on Linux though nobody reads from it yet


class ServerAhead:
    """`command` starts a server; with `--ahead`, a process that waits to be one."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._waiting: subprocess.Popen[str] | None = None
        self._environ = dict[str, str]()

    @property
    def waits(self) -> bool:
        return self._waiting is not None and self._waiting.poll() is None

    def prepare(self, environ: Mapping[str, str]) -> None:
        """One waits from now on, for servers that this is the environment of, but for what is their own."""
        if self.waits:
            return
        self._taken()
        self._environ = _read_at_start(environ)
        self._waiting = subprocess.Popen(
            [*self._command, "--ahead"],
            stdin=subprocess.PIPE,
            env=self._environ,
            start_new_session=True,
            text=True,
        )

    def become(self, arguments: list[str], environ: dict[str, str], folder: Path) -> "subprocess.Popen[str] | None":
        """The process that is this server from now on; None where none waits that could be it."""
        told = json.dumps({"arguments": arguments, "environ": environ, "folder": str(folder)})
        if len(told) > _AT_ONCE or _read_at_start(environ) != self._environ:
            return None
        process = self._taken()
        if process is None or process.stdin is None:
            return None
        try:
            with process.stdin:
                process.stdin.write(told)
        except BrokenPipeError:  # it ended meanwhile
            return None
        return process

    def _taken(self) -> "subprocess.Popen[str] | None":
        """The one that waits, if it lives; none does from now on."""
        process, self._waiting = self._waiting, None
        if process is None or process.poll() is None:
            return process
        if process.stdin is not None:
            process.stdin.close()
        return None


def _read_at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(_READ_AT_START)}
