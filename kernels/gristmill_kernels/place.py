"""Where a zygote is: one folder per environment in Gristmill's home, for nobody else's eyes."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gristmill_kernels.environment import Environment
from gristmill_kernels.zygote import wire

_CONNECT, ANSWER = 0.5, 3.0  # seconds
_LOCK, _SOCKET, _BUSY = "lock", "socket", "busy"


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, home: Path, environment: Environment) -> "Place":
        return cls(home / "kernels" / environment.key)

    def make(self) -> None:
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.folder} belongs to another user")
        self.folder.chmod(0o700)

    @property
    def busy(self) -> bool:
        """It imports something and answers later; nobody needs to wait for that."""
        return (self.folder / _BUSY).exists()

    def connect(self) -> socket.socket | None:
        """None where nobody serves: not started, not ready yet, or killed."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:  # a socket's path may have 107 bytes only
                connection.settimeout(_CONNECT)
                connection.connect(f"/proc/self/fd/{folder}/{_SOCKET}")
                connection.settimeout(ANSWER)
            finally:
                os.close(folder)
        except OSError:
            connection.close()
            return None
        return connection

    def ask(self, question: str) -> dict[str, Any] | None:
        connection = self.connect()
        if connection is None:
            return None
        with connection:
            try:
                wire.send(connection, {"ask": question})
                answer = wire.receive(connection)
            except (OSError, ValueError):
                return None
        return answer[0] if answer else None

    @contextmanager
    def alone(self) -> Iterator[int | None]:
        """An open file that holds the place's lock within the block; None where a zygote has it, or is just started."""
        with open(self.folder / _LOCK, "ab") as lock:  # noqa: PTH123  # the descriptor is what is wanted
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield lock.fileno()

    @property
    def taken(self) -> bool:
        try:
            with (self.folder / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def places(home: Path) -> list[Place]:
    return [Place(folder.parent) for folder in sorted((home / "kernels").glob("*/zygote.json"))]
