"""A worker does not outlive its supervisor, however that ends; until then it hears what that says."""

import ctypes
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1

log = logging.getLogger(__name__)


def end_with(supervisor: socket.socket, hear: Callable[[bytes], None]) -> None:
    """Ends this process as soon as the other end of `supervisor` is closed. Each line from there goes to `hear`, in a
    thread of its own.

    On Linux the kernel also kills it when its parent ends, even in the middle of a library's call.
    """
    threading.Thread(target=_watch, args=(supervisor, hear), name="lifeline", daemon=True).start()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(supervisor: socket.socket, hear: Callable[[bytes], None]) -> None:
    try:
        for line in supervisor.makefile("rb"):
            hear(line)
    except BaseException:
        log.exception("the lifeline to the supervisor failed: this worker ends")
    finally:
        os._exit(1)
