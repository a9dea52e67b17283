"""Processes that have loaded what a person's server is made of, before that person asks for it.

To load it takes a second, most of what a start on this machine takes. Each is begun in the person's folder and with the
person's environment, since some of what is loaded asks for them at once: where settings and layouts are, which path
cookies are for. When the server is wanted it is told the rest; it ends when whoever waits with it ends.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

COMMAND = (sys.executable, "-m", "gristmill_lab", "singleuser")
# Known only at a start. Nothing that is loaded asks for them before the server itself begins.
TOLD_LATER = frozenset({"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_ADMIN_ACCESS"})
AT_MOST = 4  # of them wait: each takes 100 MB
UNTIL_GIVEN_UP = 600.0  # seconds since it was wanted last, and no server was started
_AT_ONCE = 2**16  # bytes that a pipe takes on Linux though nobody reads from it yet


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    process: "subprocess.Popen[str]"
    folder: Path
    known: dict[str, str]
    given_up: asyncio.TimerHandle

    @property
    def told(self) -> IO[str]:
        return cast("IO[str]", self.process.stdin)  # a pipe


class ServersAhead:
    """By the path of the server that each will be. `command` starts a server; with `--ahead`, a process that waits."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._waiting = dict[str, _Waiting]()  # the one that was wanted first is the first

    def waits(self, server: str) -> bool:
        return server in self._waiting and self._waiting[server].process.poll() is None

    def prepare(self, server: str, environ: Mapping[str, str], folder: Path) -> None:
        """One waits from now on, to be this server in this folder, with this environment but for what is told later.

        Raises:
            OSError: the folder cannot be made, or no process begun.
        """
        known = _known(environ)
        if self._fits(server, known, folder):
            process = self._taken(server).process
        else:
            self.end(server)
            folder.mkdir(parents=True, exist_ok=True)
            process = subprocess.Popen(
                [*self._command, "--ahead"],
                stdin=subprocess.PIPE,
                cwd=folder,
                env=known,
                start_new_session=True,
                text=True,
            )
        given_up = asyncio.get_running_loop().call_later(UNTIL_GIVEN_UP, self.end, server)
        self._waiting[server] = _Waiting(process=process, folder=folder, known=known, given_up=given_up)
        if len(self._waiting) > AT_MOST:
            self.end(next(iter(self._waiting)))

    def become(
        self, server: str, arguments: list[str], environ: Mapping[str, str], folder: Path
    ) -> "subprocess.Popen[str] | None":
        """The process that is this server from now on; None where none waits that could be it, and then none does."""
        later = {name: value for name, value in environ.items() if name in TOLD_LATER}
        told = json.dumps({"arguments": arguments, "environ": later, "folder": str(folder)})
        if not self._fits(server, _known(environ), folder) or len(told) > _AT_ONCE:
            self.end(server)
            return None
        waiting = self._taken(server)
        try:
            with waiting.told as stdin:
                stdin.write(told)
        except BrokenPipeError:  # it ended meanwhile
            return None
        return waiting.process

    def end(self, server: str) -> None:
        """None waits for it any more."""
        if server in self._waiting:
            waiting = self._taken(server)
            waiting.process.terminate()
            waiting.told.close()

    def _taken(self, server: str) -> _Waiting:
        waiting = self._waiting.pop(server)
        waiting.given_up.cancel()
        return waiting

    def _fits(self, server: str, known: dict[str, str], folder: Path) -> bool:
        return self.waits(server) and (self._waiting[server].known, self._waiting[server].folder) == (known, folder)


def _known(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in TOLD_LATER}
