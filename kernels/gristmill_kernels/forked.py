"""A process that a zygote has forked for us: what `subprocess.Popen` is for one that we started."""

import os
import select
import signal
import socket
import subprocess
import threading
import time

from gristmill_kernels.zygote import wire

UNKNOWN_STATUS = 255  # it has ended, and its zygote did before it could tell how
_TELLING = 1.0  # seconds that a zygote may take to tell a status
_LOOK = 0.05


class Forked:
    """Its status comes from the zygote, which is its parent; that it lives is seen without asking anybody, by a pidfd.

    As `Popen`, it is polled; `stdin`, `stdout` and `stderr` are None, because the files were given at the start.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pidfd: int, connection: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd, self._connection = pidfd, connection
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None and self._has_ended(0):
                self._conclude(self._told_status())
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

    def __del__(self) -> None:
        if self.returncode is None:
            self._connection.close()
            os.close(self._pidfd)

    def _has_ended(self, timeout: float) -> bool:
        if self.returncode is not None:
            return True
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

    def _conclude(self, status: int) -> None:
        self.returncode = status
        self._connection.close()
        os.close(self._pidfd)
