"""A process that a zygote has forked for us: what `subprocess.Popen` is for one that we started."""

import os
import select
import signal
import socket
import subprocess
import threading
import time

from gristmill_kernels.zygote import wire

UNKNOWN_STATUS = 255  # it has ended, and who could tell how is gone too
_TELLING = 1.0  # seconds that its parent may take to tell a status
_LOOK = 0.05


class Forked:
    """Its status comes from its parent; that it lives is seen without asking anybody, by a pidfd.

    As `Popen`, it is polled; `stdin`, `stdout` and `stderr` are None, because the files were given at the start.
    `parent` is where what its children leave behind comes to, until `release`.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, parent: int, pidfd: int, connection: socket.socket) -> None:
        self.pid, self.parent = pid, parent
        self.returncode: int | None = None
        self._pidfd, self._connection = pidfd, connection
        self._lock = threading.Lock()
        _here[pid] = self

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None and self._has_ended(0):
                self.returncode = self._told_status()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its status.

        Raises:
            subprocess.TimeoutExpired: it still lives.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            left = _LOOK if until is None else min(_LOOK, until - time.monotonic())
            if left <= 0:
                raise subprocess.TimeoutExpired(f"pid {self.pid}", timeout or 0)
            self._has_ended(left)
        return status

    def send_signal(self, number: int) -> None:
        """Never to another process that got its number: a pidfd means this one alone."""
        with self._lock:
            if self.returncode is None:
                try:
                    signal.pidfd_send_signal(self._pidfd, number)
                except ProcessLookupError:
                    return

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def release(self) -> None:
        """Nothing more is asked of it: its parent need not wait for what it left behind."""
        with self._lock:
            if _here.pop(self.pid, None) is not None:
                self._connection.close()
                os.close(self._pidfd)
                self.returncode = UNKNOWN_STATUS if self.returncode is None else self.returncode

    def _has_ended(self, timeout: float) -> bool:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def _told_status(self) -> int:
        self._connection.settimeout(_TELLING)
        try:
            told = wire.receive(self._connection)
        except (OSError, ValueError):
            told = None
        return UNKNOWN_STATUS if told is None else int(told[0]["status"])


_here: dict[int, Forked] = {}  # those that were asked for here and not released


def parents_here() -> frozenset[int]:
    """Whose children are ours too."""
    return frozenset(forked.parent for forked in _here.values())
