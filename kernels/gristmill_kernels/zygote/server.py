"""The loop of a zygote: one thread, one request at a time, no connection kept."""

from __future__ import annotations

import fcntl
import gc
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import wire
from .become import Order, default_signals, settle
from .keeper import keep, report_start
from .memory_image import MemoryImage
from .notes import note_unsafe
from .preload import Imports, ThreadStarted, count_threads, preload, stamp, stamps
from .shadows import other_code

_PATIENCE = 2.0  # seconds for one message of a client
_LOOK = 5.0  # seconds between two looks at the folder
_QUIET = 1.5  # seconds without a request before more is imported


class Server:
    """Serves at `<folder>/socket` while that is its own, asked for, and what it has imported is still what there is."""

    def __init__(self, folder: str, lock: int, config: dict[str, Any], imports: Imports, image: MemoryImage) -> None:
        self._folder, self._lock, self._config, self._image = folder, lock, config, image
        self._path = list(sys.path)
        self._imported, self._own_modules = list(imports.names), imports.kernels_own
        self._environ = imports.environ
        self._children: set[int] = set()
        self._forked, self._asked_at, self._draining = 0, time.monotonic(), False
        self._wanted: list[str] = []
        self._settle_imports()
        self._wakeup, alarm = socket.socketpair()
        for end in (self._wakeup, alarm):
            end.setblocking(False)
        self._alarm = alarm
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end_soon)
        self._listener = self._listen()

    def serve(self) -> Order | None:
        """In a child its order; in the zygote None, when it is over."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        while not self._over():
            for descriptor, _ in poll.poll(self._pause() * 1000):
                if descriptor == self._wakeup.fileno():
                    self._wakeup.recv(4096)
                elif (order := self._answer_next()) is not None:
                    return order
            self._collect()
            if self._wanted and time.monotonic() - self._asked_at >= _QUIET:
                self._import_more()
        return None

    def _listen(self) -> socket.socket:
        """The socket appears whole, in the place of one that nobody serves any more."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        name = f"socket.{os.getpid()}"
        try:  # by /proc, because a socket's path may have 107 bytes only
            old = os.umask(0o177)
            listener.bind(f"/proc/self/fd/{folder}/{name}")
            os.umask(old)
            listener.listen(64)
            listener.settimeout(1)
            os.rename(name, "socket", src_dir_fd=folder, dst_dir_fd=folder)
            self._inode = os.stat("socket", dir_fd=folder).st_ino
        finally:
            os.close(folder)
        return listener

    # Requests -------------------------------------------------------------------------------------------------------

    def _answer_next(self) -> Order | None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return None  # whoever it was has gone
        connection.settimeout(_PATIENCE)
        files: list[int] = []
        order = None
        try:
            if _same_user(connection) and (received := wire.receive(connection)) is not None:
                request, files = received
                order = self._answer(connection, request, files)
            else:
                connection.close()
        except (OSError, ValueError, KeyError) as error:
            print(f"a request failed: {error!r}", file=sys.stderr, flush=True)  # the zygote's log
            connection.close()
        if order is None:
            wire.close(files)
        return order

    def _answer(self, connection: socket.socket, request: dict[str, Any], files: list[int]) -> Order | None:
        ask = request["ask"]
        if ask == "fork":
            self._asked_at = time.monotonic()
            return self._fork(connection, request, files)
        if ask == "stop":
            self._draining = True
        wire.send(connection, self._status())
        connection.close()
        return None

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "python": sys.executable,
            "imported": self._imported,
            "children": list(self._children),
            "forked": self._forked,
            "quiet_for": time.monotonic() - self._asked_at,
        }

    def _fork(self, connection: socket.socket, request: dict[str, Any], files: list[int]) -> Order | None:
        refused = self._refusal(request)
        if refused is not None:
            wire.send(connection, {"refused": refused})
            connection.close()
            return None
        self._wanted = [name for name in request["wanted"] if name not in self._imported]
        sys.stdout.flush()
        sys.stderr.flush()
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            return self._in_child(request, files, connection, told, tell)
        os.close(tell)
        self._children.add(pid)
        self._forked += 1
        if request["kernel"]:
            os.close(told)  # its keeper answers
        else:
            report_start(connection, pid, told)
        connection.close()
        return None

    def _in_child(
        self, request: dict[str, Any], files: list[int], connection: socket.socket, told: int, tell: int
    ) -> Order:
        """Whatever goes wrong before the child is ready is told; then there is none."""
        own = [self._listener.detach(), self._wakeup.detach(), self._alarm.detach(), *self._lock_files()]
        default_signals()
        if request["kernel"]:
            keep(connection, told, [*own, *files, tell], self._image)
        tell = _moved_up(tell, request["files"])
        request["environ"] = {**self._environ, **request["environ"]}
        try:
            order = Order(request, list(files), [*own, connection.detach(), told], self._path)
            settle(order, self._image)
        except BaseException as error:  # noqa: BLE001  # told, then this process ends
            os.write(tell, f"{type(error).__name__}: {error}".encode())
            os._exit(1)
        os.close(tell)
        return order

    def _lock_files(self) -> list[int]:
        return [self._lock] if self._lock >= 0 else []

    # What forbids a fork --------------------------------------------------------------------------------------------

    def _refusal(self, request: dict[str, Any]) -> str | None:
        if self._draining:
            return "it is about to end"
        for place, then in self._stamps.items():
            if stamp(place) != then:
                self._drain()
                return f"the environment has changed: {place}"
        if count_threads() > 1:
            self._drain()
            return "a module that was imported has started a thread since"
        if not os.path.isdir(request["cwd"]):
            return f"no folder {request['cwd']!r}"
        return other_code(request, self._own_modules)

    # Children -------------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Ended children, and those that were left to this process as a subreaper."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._children.discard(pid)
            self._asked_at = time.monotonic()

    # Its own end ----------------------------------------------------------------------------------------------------

    def _over(self) -> bool:
        if not self._is_its_own():
            self._draining = True
        idle = time.monotonic() - self._asked_at >= self._config["idle"]
        return not self._children and (self._draining or idle)

    def _is_its_own(self) -> bool:
        try:
            return os.stat(os.path.join(self._folder, "socket")).st_ino == self._inode
        except OSError:
            return False

    def _drain(self) -> None:
        """No more forks here; another one may be started beside it while its last children live."""
        self._draining = True
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _end_soon(self, *_: object) -> None:
        """Its children go on; init, or who else adopts orphans, collects them."""
        os._exit(0)

    def _pause(self) -> float:
        return min(_QUIET if self._wanted else _LOOK, float(self._config["idle"]))

    # Imports --------------------------------------------------------------------------------------------------------

    def _import_more(self) -> None:
        """What notebooks have used that is not there yet. Who asks meanwhile sees `busy` and does not wait."""
        busy, wanted, self._wanted = os.path.join(self._folder, "busy"), self._wanted, []
        with open(busy, "w"):
            pass
        try:
            self._imported += preload(wanted)
        except ThreadStarted as thread:
            note_unsafe(self._folder, thread.module)
            self._drain()
        finally:
            os.unlink(busy)
        self._settle_imports()

    def _settle_imports(self) -> None:
        """What lives now is for ever: left alone by the collector, its pages stay shared with the children."""
        gc.collect()
        gc.freeze()
        self._stamps = stamps(self._path)


def _same_user(connection: socket.socket) -> bool:
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(peer[4:8], sys.byteorder) == os.getuid()


def _moved_up(descriptor: int, numbers: list[int]) -> int:
    """Out of the way of the numbers that files were asked for at."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(numbers) + 1)
    os.close(descriptor)
    return moved
