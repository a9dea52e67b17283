"""Attempts as processes of this machine."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gristmill.core import processes
from gristmill.core.errors import UnavailableError
from gristmill.core.ids import check_id
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.model import WorkerEvent

MARK = "GRISTMILL_ATTEMPT"
WORKER_LOG = "worker.log"
JOURNAL = "journal.jsonl"
WORKER = (sys.executable, "-m", "gristmill.worker")


class LocalExecutor(Executor):
    """A session of its own per worker, in `<home>/attempts/<id>`; alive while it holds that folder's lock."""

    def __init__(self, attempts: Path, command: Sequence[str] = WORKER) -> None:
        self._attempts = attempts
        self._command = command

    def launch(self, order: Launch) -> None:
        folder = self._folder(order.attempt)
        environ = {**processes.inherited_environ(), MARK: order.attempt}
        argv = [*self._command, "--url", order.url, "--attempt", order.attempt, "--dir", str(folder)]
        try:
            processes.spawn_locked(argv, folder, environ=environ, token=order.token, log=WORKER_LOG)
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
            lines = (self._folder(attempt) / JOURNAL).read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return ()
        # The last line of a killed worker may be cut.
        whole = [line for line in lines if line.endswith(b"\n") and line.strip()]
        events = [msgspec.json.decode(line, type=WorkerEvent) for line in whole]
        return tuple(sorted((event for event in events if event.n > after), key=lambda event: event.n))

    def log_tail(self, attempt: str) -> str:
        return processes.log_tail(self._folder(attempt) / WORKER_LOG)

    def forget(self, attempt: str) -> None:
        shutil.rmtree(self._folder(attempt), ignore_errors=True)

    def _folder(self, attempt: str) -> Path:
        return self._attempts / check_id(attempt)
