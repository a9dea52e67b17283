"""What a forked child does to be the process that was asked for, as a fresh interpreter is at its first line."""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import resource
import runpy
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

from . import kernel_start, leave, random_state, streams, thread_pools
from .memory_image import MemoryImage

_KEPT_SIGNALS = (signal.SIGKILL, signal.SIGSTOP)


@dataclass(frozen=True)
class Order:
    """A `fork` message, the files that came with it, and the descriptors of the zygote that are not the child's."""

    request: dict[str, Any]
    files: list[int]
    foreign: list[int]
    path: list[str]  # sys.path as the interpreter made it, PYTHONPATH aside


def settle(order: Order, image: MemoryImage) -> None:
    """Session, files, environment, limits: what others see of a process. The zygote answers when this is done."""
    request = order.request
    os.setsid()
    take_files(order)
    replace_environ(request["environ"])
    image.write(request["argv"], dict(os.environb))
    os.umask(request["umask"])
    for name, limits in request["limits"].items():
        resource.setrlimit(int(name), tuple(limits))
    os.sched_setaffinity(0, set(request["cpus"]) & os.sched_getaffinity(0) or os.sched_getaffinity(0))
    os.chdir(request["cwd"])


def run(order: Order, *, forked: bool = True) -> None:
    """Executes the module as `python -m` does, and ends as it does: returns where the interpreter is to end itself."""
    request = order.request
    inherited = dict(sys.modules)
    streams.renew()
    sys.path[:] = [*request["first_on_path"], *order.path]
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    sys.argv[:] = ["-m", *request["arguments"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = request["argv"]
    if forked:
        random_state.renew()
        thread_pools.resize()
    gc.enable()
    if request["kernel"]:
        kernel_start.prepare(request["owner"], request["used"], frozenset(request["recorded"]))
    status = _executed(request["module"])
    if forked and leave.may_leave(kernel=request["kernel"]):
        leave.leave(inherited, status)
    sys.exit(status)


def _executed(module: str) -> int:
    """Its exit status; an error or a message in place of one is the interpreter's to show."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        return end.code or 0
    return 0


def take_files(order: Order) -> None:
    """Every file at the number that was asked for, and nothing of the zygote's left open."""
    numbers = order.request["files"]
    high = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, max(numbers) + 1) for file in order.files]
    for descriptor in {*order.files, *order.foreign}:
        os.close(descriptor)
    for descriptor, number in zip(high, numbers):  # noqa: B905  # `strict` came with 3.10
        os.dup2(descriptor, number, inheritable=number <= 2)
        os.close(descriptor)


def default_signals() -> None:
    """As an interpreter sets them at its start."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number in _KEPT_SIGNALS or number == signal.SIGINT:
            continue
        if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN, None):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def replace_environ(environ: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
