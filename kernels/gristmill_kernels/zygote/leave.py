"""The end of a forked process: as the interpreter's own, less the taking apart of what the zygote had imported.

An interpreter that ends takes every module apart (https://docs.python.org/3/c-api/init.html#c.Py_FinalizeEx). In a
forked process that writes to each page which it shares with its zygote: it takes longer than its start, and frees
nothing that is not gone with the process. What came after the fork is taken apart as ever: modules, what they hold, and
with IPython's own exit hook the notebook's names. No buffered text of theirs is lost, and C's exit hooks run.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import sys
import threading
import weakref
from types import ModuleType
from typing import Any, NoReturn

_THEIRS = {"IPython", "ipykernel", __name__.partition(".")[0]}  # their threads execute nothing of the notebook's


def may_leave(*, kernel: bool) -> bool:
    """Whether nothing else is executed any more. A notebook's own daemon threads end where the interpreter says so."""
    return not kernel or not any(thread.daemon and not _is_theirs(thread) for thread in threading.enumerate())


def _is_theirs(thread: threading.Thread) -> bool:
    target = getattr(thread, "_target", None)
    module: str = getattr(target, "__module__", None) or type(thread).__module__
    return module.partition(".")[0] in _THEIRS


def leave(inherited: dict[str, ModuleType], status: int) -> NoReturn:
    """Ends this process. `inherited` are the modules that it was forked with."""
    threading_shutdown: Any = getattr(threading, "_shutdown")  # noqa: B009  # what Py_FinalizeEx calls first
    run_exit_hooks: Any = getattr(atexit, "_run_exitfuncs")  # noqa: B009  # and second
    threading_shutdown()
    run_exit_hooks()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
    _take_apart([name for name, module in sys.modules.items() if inherited.get(name) is not module])
    _flush_files()
    ctypes.PyDLL(None).exit(status)  # with the interpreter's lock held: no other thread of Python's goes on
    raise AssertionError("exit(3) has returned")


def _take_apart(names: list[str]) -> None:
    """In the interpreter's own order: what nothing else refers to, then the rest by its names, the newest first."""
    modules = [weakref.ref(sys.modules.pop(name)) for name in names]
    gc.collect()
    for reference in reversed(modules):
        if (module := reference()) is not None:
            _clear(vars(module))
    gc.collect()


def _clear(namespace: dict[str, Any]) -> None:
    for name in [name for name in namespace if name.startswith("_") and not name.startswith("__")]:
        namespace[name] = None
    for name in namespace:
        if name != "__builtins__":
            namespace[name] = None


def _flush_files() -> None:
    """Those that something inherited still holds, and the standard ones. The zygote's own are out of sight: frozen."""
    for one in gc.get_objects():
        if isinstance(one, (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)):
            try:
                one.flush()
            except (OSError, ValueError):  # closed, or nobody reads it any more
                continue
