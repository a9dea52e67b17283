"""A worker does not outlive its supervisor, however that ends."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading

_PR_SET_PDEATHSIG = 1


def end_with(supervisor: socket.socket) -> None:
    """Ends this process as soon as the other end of `supervisor` is closed.

    On Linux the kernel also kills it when its parent ends, even in the middle of a library's call.
    """
    threading.Thread(target=_watch, args=(supervisor,), name="lifeline", daemon=True).start()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(supervisor: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while supervisor.recv(64):
            pass  # nothing is said on it; only its end matters
    os._exit(1)
