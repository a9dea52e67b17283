"""The parent of one kernel, between it and the zygote.

What a kernel's own children leave behind comes to the nearest subreaper (prctl(2)). If that were the zygote, nobody
could tell whose it is; so each kernel has one of its own, which the platform looks through when the kernel has ended.
It also tells the kernel's status, so that a killed zygote takes nobody's kernel from them.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from . import wire

if TYPE_CHECKING:
    from .memory_image import MemoryImage

_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_LOOK = 0.25  # seconds between two looks at orphans


def adopt_orphans() -> None:
    """From now on the orphans of this process's descendants become its children."""
    ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def keep(connection: socket.socket, told: int, foreign: list[int], image: MemoryImage) -> None:
    """Returns in the kernel-to-be. The process that called this is its keeper, and ends here: when no child is left, or
    when the kernel has ended and who asked for it has let go.
    """
    os.setsid()
    adopt_orphans()
    pid = os.fork()
    if pid == 0:
        return
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for descriptor in foreign:
        os.close(descriptor)
    os.environ.clear()
    image.write(["gristmill-kernel-keeper", str(pid)], {})
    with suppress(OSError):  # who asked may have gone: the kernel then ends by itself
        if report_start(connection, pid, told):
            connection.settimeout(None)
            _wait_for(pid, connection)
            _wait_for_orphans(connection)
    os._exit(0)


def report_start(connection: socket.socket, pid: int, told: int) -> bool:
    """Answers whether the child is ready, as soon as it says so. A child that nobody hears of any more is ended."""
    with open(told, "rb") as pipe:
        failure = pipe.read()
    if failure:
        wire.send(connection, {"refused": failure.decode(errors="replace")})
        return False
    try:
        pidfd = os.pidfd_open(pid)
        try:
            wire.send(connection, {"pid": pid, "parent": os.getpid()}, [pidfd])
        finally:
            os.close(pidfd)
    except OSError:
        # Who asked has gone, and has started another meanwhile.
        os.kill(pid, signal.SIGKILL)
        return False
    return True


def _wait_for(kernel: int, connection: socket.socket) -> None:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == kernel:
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            wire.send(connection, {"pid": pid, "status": code})
            return


def _wait_for_orphans(connection: socket.socket) -> None:
    """Returns when there is none, or when the other end of the connection is closed."""
    poll = select.poll()
    poll.register(connection, select.POLLIN | select.POLLHUP)
    with suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0 and poll.poll(_LOOK * 1000):
                return
