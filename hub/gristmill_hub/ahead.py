"""A process that has loaded what a person's server is made of, before that person asks for it.

To load it takes a second, most of what a start on this machine takes. It is begun in the person's folder and with the
person's environment, since some of what is loaded asks for them at once: where settings and layouts are, which path
cookies are for. When the server is wanted it is told the rest; it ends when whoever waits with it ends.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND = (sys.executable, "-m", "gristmill_lab", "singleuser")
# New at each start of a server. Nothing that is loaded asks for them before the server itself begins.
TOLD_LATER = frozenset(
    {
        *("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_SERVICE_URL"),
        *("JUPYTERHUB_OAUTH_SCOPES", "JUPYTERHUB_OAUTH_ACCESS_SCOPES", "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES"),
    }
)
_AT_ONCE = 2**16  # bytes that a pipe takes on Linux though nobody reads from it yet


class ServerAhead:
    """One person's. `command` starts a server; with `--ahead`, a process that waits to be one."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._waiting: subprocess.Popen[str] | None = None
        self._known = dict[str, str]()
        self._folder = Path()

    @property
    def waits(self) -> bool:
        return self._waiting is not None and self._waiting.poll() is None

    def prepare(self, environ: Mapping[str, str], folder: Path) -> None:
        """One waits from now on, for servers in this folder that have this environment but for what is told later."""
        known = _known(environ)
        if self.waits and (known, folder) == (self._known, self._folder):
            return
        self.end()
        self._known, self._folder = known, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._waiting = subprocess.Popen(
            [*self._command, "--ahead"],
            stdin=subprocess.PIPE,
            cwd=folder,
            env=known,
            start_new_session=True,
            text=True,
        )

    def become(self, arguments: list[str], environ: dict[str, str], folder: Path) -> "subprocess.Popen[str] | None":
        """The process that is this server from now on; None where none waits that could be it."""
        told = json.dumps({"arguments": arguments, "environ": environ})
        if len(told) > _AT_ONCE or (_known(environ), folder) != (self._known, self._folder) or not self.waits:
            return None
        process, self._waiting = self._waiting, None
        if process is None or process.stdin is None:
            return None
        try:
            with process.stdin:
                process.stdin.write(told)
        except BrokenPipeError:  # it ended meanwhile
            return None
        return process

    def end(self) -> None:
        """None waits any more: who waits with an end of its input ends."""
        if self._waiting is not None and self._waiting.stdin is not None:
            self._waiting.stdin.close()
        self._waiting = None


def _known(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in TOLD_LATER}
