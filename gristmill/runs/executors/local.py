"""Attempts as processes of this machine."""

import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from gristmill_kernels.starting import stop_all
from gristmill_kernels.workers import WarmWorkers

from gristmill.core import processes
from gristmill.core.blobs import CHUNK
from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.core.ids import check_id
from gristmill.environments.model import Inspected, Interpreter, Prepared
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.executors.interpreters import Interpreters
from gristmill.runs.executors.memory import memory_of
from gristmill.runs.model import WorkerEvent

MARK = "GRISTMILL_ATTEMPT"
WORKER_LOG = "worker.log"
JOURNAL = "journal.jsonl"
SPOOL = "blobs"
_BLOB = re.compile("[0-9a-f]{64}")
WORKER = (sys.executable, "-m", "gristmill.worker")
KERNELS = (sys.executable, "-m", "gristmill.worker.kernel_names")
_KERNELS_PATIENCE = 20.0  # seconds
_STAND_DOWN_PATIENCE = 5.0  # seconds
log = logging.getLogger(__name__)


class LocalExecutor(Executor):
    """A session of its own per worker, in `<home>/attempts/<id>`; alive while it holds that folder's lock.

    With `warm`, workers are forked from a process that has imported what they import; it is found again, or replaced,
    by a control plane that was restarted, and its workers live on without it. Such processes are of `home`.
    """

    def __init__(
        self,
        attempts: Path,
        command: Sequence[str] = WORKER,
        kernels: Sequence[str] = KERNELS,
        *,
        warm: WarmWorkers | None = None,
        home: Path | None = None,
    ) -> None:
        self._attempts = attempts
        self._command = command
        self._kernels = kernels
        self._warm = warm
        self._interpreters = Interpreters(home=attempts.parent)
        self._home = home or attempts.parent

    def kernels(self) -> tuple[str, ...] | None:
        """Asked in a process with a worker's own environment, from which it will start them."""
        try:
            done = subprocess.run(
                self._kernels,
                env=processes.inherited_environ(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_KERNELS_PATIENCE,
                check=True,
            )
            return msgspec.json.decode(done.stdout, type=tuple[str, ...])
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
            log.warning("which kernels there are is not known: %s", error)
            return None

    def inspect(self, interpreter: Interpreter) -> Inspected | None:
        return self._interpreters.inspect(interpreter)

    def prepared(self) -> tuple[Prepared, ...]:
        return self._interpreters.prepared()

    def prune(self, kept: frozenset[str]) -> tuple[Prepared, ...]:
        return self._interpreters.prune(kept)

    def launch(self, order: Launch) -> None:
        folder = self._folder(order.attempt)
        environ = {**processes.inherited_environ(), MARK: order.attempt}
        address = self._attempts.parent / processes.ADDRESS
        argv = [*self._command, "--url", order.url, "--address-file", str(address)]
        argv += ["--attempt", order.attempt, "--dir", str(folder)]
        try:
            processes.spawn_locked(argv, folder, environ=environ, token=order.token, log=WORKER_LOG, fork=self._warm)
        except OSError as error:
            raise UnavailableError(f"the worker cannot be started: {error}") from error

    def observe(self, attempt: str) -> Presence:
        processes.reap()
        folder = self._folder(attempt)
        if processes.holds_lock(folder):
            return Presence.ALIVE
        return Presence.GONE if folder.exists() else Presence.ABSENT

    def cancel(self, attempt: str) -> None:
        for process in processes.marked(MARK, attempt):
            if processes.was_given(process, "--attempt", attempt):
                processes.terminate(process)

    def kill(self, attempt: str) -> None:
        processes.kill_marked(MARK, attempt)

    def clean_up(self, attempt: str) -> bool:
        return processes.kill_marked(MARK, attempt) == 0

    def undelivered(self, attempt: str, after: int) -> tuple[WorkerEvent, ...]:
        try:
            lines = (self._folder(attempt) / JOURNAL).read_bytes().splitlines()
        except FileNotFoundError:
            return ()
        found: list[WorkerEvent] = []
        for line in lines:
            try:
                event = msgspec.json.decode(line, type=WorkerEvent)
            except msgspec.DecodeError:
                break  # the last line of a killed worker may be cut; what follows a broken one has no place
            if event.n == after + len(found) + 1:
                found.append(event)
        return tuple(found)

    def undelivered_blobs(self, attempt: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        for path in sorted((self._folder(attempt) / SPOOL).glob("*")):
            if _BLOB.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                with path.open("rb") as content:
                    yield f"sha256:{path.name}", iter(lambda: content.read(CHUNK), b"")

    def log_tail(self, attempt: str) -> str:
        return processes.log_tail(self._folder(attempt) / WORKER_LOG)

    def memory(self, attempt: str) -> int | None:
        return memory_of(processes.marked(MARK, attempt))

    def stand_down(self) -> None:
        if not stop_all(self._home, patience=_STAND_DOWN_PATIENCE):
            log.warning("a process that kernels are forked from has not ended yet")

    def forget(self, attempt: str) -> None:
        shutil.rmtree(self._folder(attempt), ignore_errors=True)

    def left(self) -> tuple[str, ...]:
        try:
            names = sorted(entry.name for entry in self._attempts.iterdir() if entry.is_dir())
        except FileNotFoundError:
            return ()
        return tuple(name for name in names if _is_id(name))

    def _folder(self, attempt: str) -> Path:
        return self._attempts / check_id(attempt)


def _is_id(name: str) -> bool:
    try:
        check_id(name)
    except InvalidInputError:
        return False
    return True
