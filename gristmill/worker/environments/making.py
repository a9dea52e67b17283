"""Making an environment from its lock, once on a machine."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gristmill.client.uv import PLAIN, find_uv, said
from gristmill.core.errors import GristmillError
from gristmill.environments.model import RunEnvironment, read_lock
from gristmill.worker.environments.folders import Folders

_LOOK = 0.2  # seconds from one look to the next at whether the attempt is to stop, or the lock is free


@dataclass(frozen=True, kw_only=True)
class Maker:
    """`say` tells what takes its time; `stopped` whether the attempt is to end."""

    folders: Folders
    limit: int
    say: Callable[[str], None]
    stopped: Callable[[], bool]

    @contextmanager
    def made(self, environment: RunEnvironment, read: Callable[[], bytes]) -> Iterator[Path]:
        """Its interpreter, for as long as the block lasts; `read` answers the lock, where it has to be made.

        Raises:
            GristmillError: it cannot be made; the message has what uv said.
        """
        digest = environment.digest
        with self.folders.locked(digest) as lock:
            while True:
                self._wait(lock, fcntl.LOCK_SH)
                if self.folders.is_there(digest):
                    break
                fcntl.flock(lock, fcntl.LOCK_UN)  # two that both wait for the other to let go would wait for ever
                self._wait(lock, fcntl.LOCK_EX)
                if not self.folders.is_there(digest):
                    self._make(environment, read().decode())
            self.folders.used(digest)
            yield self.folders.path(digest) / "bin" / "python"

    def _make(self, environment: RunEnvironment, lock: str) -> None:
        packages = read_lock(lock)
        unfinished = self.folders.unfinished(environment.digest)
        self.say(f"environment {environment.name}: installing {len(packages)} packages")
        try:
            with tempfile.TemporaryDirectory(prefix="gristmill-") as scratch:
                file = Path(scratch, "requirements.txt")
                file.write_text(lock)
                # Its scripts find their Python wherever the folder is put.
                self._uv("venv", "--relocatable", "--no-project", "--python", _python(environment), str(unfinished))
                target = ["--python", str(unfinished / "bin" / "python")]
                self._uv("pip", "install", *target, "--require-hashes", "--no-deps", "--requirement", str(file))
            self.folders.settle(unfinished, environment.digest, len(packages))
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        self.folders.trim(self.limit)

    def _uv(self, *arguments: str) -> None:
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [find_uv(), *PLAIN, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",  # no project's configuration but the machine's and the person's own
            )
            try:
                while not _ended(process):
                    self._check()
            finally:
                process.kill()
                process.wait()
            if process.returncode:
                output.seek(0)
                raise GristmillError(
                    f"the environment cannot be made:\n{said(output.read().decode(errors='replace'))}",
                    hint="uv was asked as the control plane was started: an index that is set in another terminal "
                    "alone is not seen. Set it in uv.toml, or start the control plane again with it; in a Kubernetes, "
                    "by the chart's `environ`.",
                )

    def _wait(self, lock: IO[bytes], kind: int) -> None:
        told = False
        while not _took(lock, kind):
            if not told:
                self.say("environment: another run is making it")
                told = True
            self._check()

    def _check(self) -> None:
        if self.stopped():
            raise GristmillError("the attempt is to stop")


def _took(lock: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_LOOK)  # who lets a lock go tells nobody
        return False
    return True


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(timeout=_LOOK)
    except subprocess.TimeoutExpired:
        return False
    return True


def _python(environment: RunEnvironment) -> str:
    """The worker's own where it is of the same version; else uv looks for one."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.realpath(sys.executable) if environment.python == own else environment.python
