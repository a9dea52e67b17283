"""What an attempt leaves behind. Linux finds it in `/proc`; elsewhere psutil does, more slowly."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gristmill_kernels.forked import parents_here
from gristmill_kernels.starting import started_here

from gristmill.worker.kernel_environment import ATTEMPT

_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_PROC = Path("/proc/self/environ").exists()
_POLITE = 1.0  # seconds from SIGTERM to SIGKILL
_LONGEST = 10.0


def adopt_orphans() -> None:
    """What the kernel's children leave behind becomes a child of this process, so that none gets lost (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_left_behind(attempt: str) -> int:
    """Ends every process of the attempt but this one and its parent; how many there were.

    They are found by `GRISTMILL_ATTEMPT` in their environment and, on Linux, as adopted children. First SIGTERM, a
    second later SIGKILL, until none is left.
    """
    found: set[int] = set()
    began = time.monotonic()
    while (left := set(left_behind(attempt))) and time.monotonic() - began < _LONGEST:
        polite = time.monotonic() - began < _POLITE
        for process in left - found if polite else left:
            _signal(process, signal.SIGTERM if polite else signal.SIGKILL)
        found |= left
        time.sleep(0.02)
    return len(found)


def left_behind(attempt: str) -> Iterator[int]:
    """Living processes of the attempt, this one and its parent left out. Ended children are collected."""
    _collect()
    for process in _candidates(attempt):
        if process not in {os.getpid(), os.getppid()}:
            yield process


def _candidates(attempt: str) -> Iterator[int]:
    if _PROC:
        mark = f"{ATTEMPT}={attempt}".encode()
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and (_is_child(folder) or mark in _environ(folder)):
                yield int(folder.name)
        return
    import psutil

    for process in psutil.process_iter():
        try:
            if process.environ().get(ATTEMPT) == attempt:
                yield process.pid
        except psutil.Error:
            continue  # gone meanwhile, or another user's


def _environ(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # gone meanwhile, or another user's


def _is_child(folder: Path) -> bool:
    """Whether this process is its parent and it still runs (proc(5): state and parent stand behind the name). What a
    forked kernel leaves behind has the kernel's keeper as its parent. A zygote is for whoever comes next.
    """
    try:
        state, parent = (folder / "stat").read_bytes().rpartition(b")")[2].split()[:2]
    except OSError:
        return False
    mine = {os.getpid(), *parents_here()}
    return int(parent) in mine and state != b"Z" and int(folder.name) not in started_here()


def _collect() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _signal(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except (ProcessLookupError, PermissionError):
        return
