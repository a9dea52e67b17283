"""An ipykernel in a forked child: what it would have read at its start, and how it knows that its owner is gone."""

from __future__ import annotations

import atexit
import functools
import os
import re
import select
import sys
import threading
from typing import Any

_INLINE = "module://matplotlib_inline.backend_inline"
_IMPORTS = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)|import[ \t]+([^\n#;]+))", re.MULTILINE)


def prepare(owner: int | None, used: str, recorded: frozenset[str]) -> None:
    """`owner` is a pidfd of the process whose kernel this is, None for a kernel that outlives it."""
    import ipykernel.kernelapp

    kernelapp: Any = ipykernel.kernelapp
    kernelapp.launch_new_instance = functools.partial(_launch, kernelapp.IPKernelApp, used, recorded)
    if owner is not None:
        kernelapp.ParentPollerUnix = lambda **_: OwnerWatch(owner)
    _choose_matplotlib_backend()


class OwnerWatch(threading.Thread):
    """In place of ipykernel's poller, which looks for its parent, and whose parent is here the zygote. As there the
    process ends at once when its owner has ended.
    """

    def __init__(self, owner: int) -> None:
        super().__init__(name="OwnerWatch", daemon=True)
        self._owner = owner

    def run(self) -> None:
        poll = select.poll()
        poll.register(self._owner, select.POLLIN)
        poll.poll()
        os._exit(1)


def _launch(application: Any, used: str, recorded: frozenset[str]) -> None:
    """As `IPKernelApp.launch_instance`, for what its class has read from the environment when it was imported."""
    app = application.instance(parent_handle=int(os.environ.get("JPY_PARENT_PID") or 0))
    app.initialize()
    atexit.register(_end_threads, app)
    if app.shell is not None:
        app.shell.events.register("pre_run_cell", Recorder(used, recorded))
    app.start()


def _end_threads(app: Any) -> None:
    """Before `app.close`, which first ends the thread that publishes, then waits for those that may be publishing: they
    would wait for it, for ever (posit-dev/positron#7142).
    """
    for name in ("control_thread", "shell_channel_thread"):
        thread = getattr(app, name, None)
        if thread is not None and thread.is_alive():
            thread.stop()
            thread.join()


class Recorder:
    """Notes which modules the cells name, of those that a zygote may import: an empty file for each."""

    def __init__(self, folder: str, names: frozenset[str]) -> None:
        self._folder, self._names = folder, set(names)

    def __call__(self, info: Any) -> None:
        for origin, plain in _IMPORTS.findall(info.raw_cell or ""):
            for part in (origin or plain).split(","):
                name = part.strip().partition(" ")[0]
                if name in self._names:
                    self._names.discard(name)
                    self._note(name)

    def _note(self, name: str) -> None:
        try:
            with open(os.path.join(self._folder, name), "w"):
                pass
        except OSError:
            return  # a full disk is no reason to disturb a notebook


def _choose_matplotlib_backend() -> None:
    """Matplotlib reads MPLBACKEND while it is imported, and ipykernel sets that for itself before any import."""
    matplotlib: Any = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    backend = os.environ.get("MPLBACKEND") or _INLINE
    for parameters in (matplotlib.rcParams, getattr(matplotlib, "rcParamsOrig", {})):
        dict.__setitem__(parameters, "backend", backend)
