"""Warm workers: attempts' processes forked from a zygote of the platform's own environment.

The control plane has threads and therefore forks nothing itself: it asks, and hands its open files over.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gristmill_kernels import starting
from gristmill_kernels.command import Command, read_command
from gristmill_kernels.environment import environment_of
from gristmill_kernels.forking import NotForkedError, Wanted, fork
from gristmill_kernels.place import Place

MODULE, AHEAD = "gristmill.worker", "gristmill.worker.ahead"  # the second imports what the first will
log = logging.getLogger(__name__)


class WarmWorkers:
    """Called as `core.processes.Fork` says. False, with a zygote on its way, where a worker is to be started cold."""

    def __init__(
        self, home: Path, *, idle: float = starting.IDLE, module: str = MODULE, ahead: Sequence[str] = (AHEAD,)
    ) -> None:
        self._home, self._idle, self._module, self._ahead = home, idle, module, ahead

    def __call__(
        self, argv: Sequence[str], folder: Path, environ: Mapping[str, str], *, output: int, kept: Sequence[int]
    ) -> bool:
        if not starting.is_supported() or (command := read_command(argv, environ, (self._module,))) is None:
            return False
        try:
            self._fork(command, folder, environ, output=output, kept=kept)
        except NotForkedError as reason:
            log.debug("worker started cold: %s", reason)
            self.start(command.interpreter, environ)
            return False
        return True

    def start(self, interpreter: str, environ: Mapping[str, str]) -> bool:
        """Has a zygote ready for the next one; whether one was started."""
        environment = environment_of(interpreter, (), environ, "workers")
        return starting.start(self._home, environment, environ, base=(), more=self._ahead, idle=self._idle)

    def _fork(
        self, command: Command, folder: Path, environ: Mapping[str, str], *, output: int, kept: Sequence[int]
    ) -> None:
        environment = environment_of(command.interpreter, command.flags, environ, "workers")
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            wanted = Wanted(
                argv=command.argv,
                module=command.module,
                arguments=command.arguments,
                cwd=str(folder),
                environ=environ,
                files={0: nothing, 1: output, 2: output, **{number: number for number in kept}},
                kernel=False,
            )
            fork(Place.of(self._home, environment), wanted).release()
        finally:
            os.close(nothing)
