"""The imports of a zygote, and what they were made from."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import site
import sys
import time
import traceback

# They look for a running kernel while they are imported, and are imported again where there is one.
_AFTER_THE_FORK = ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook")


class ZMQInteractiveShell:
    """What the builtin `get_ipython()` answers to libraries that ask during their import whether they are in a
    notebook, as pandas does: named like the kernels' own shell, which is made after the fork, and known by the same.
    """

    kernel = object()
    config: dict[str, dict[str, str]] = {"IPKernelApp": {}}  # noqa: RUF012  # nobody writes


class ThreadStarted(Exception):  # noqa: N818  # a condition, not an error
    """Importing a module has started a thread: a fork would leave that behind, with whatever it holds locked."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module


class Imports:
    """`names` have been imported; `kernels_own` are the top modules that a kernel has before any code of the user's.
    `environ` is what was set in the environment meanwhile: libraries talk to each other like that.
    """

    def __init__(self, base: list[str], more: list[str], *, to_fork: bool = True) -> None:
        before = dict(os.environ)
        own = preload(base, to_fork=to_fork)
        self.kernels_own = frozenset(name.partition(".")[0] for name in sys.modules)
        self.names = [*own, *preload(more, to_fork=to_fork)]
        self.environ = {name: value for name, value in os.environ.items() if before.get(name) != value}


def preload(names: list[str], *, to_fork: bool = True) -> list[str]:
    """Imports each of `names` that there is; which were imported.

    Raises:
        ThreadStarted: this process, which is `to_fork`, has more than one thread from now on.
    """
    imported = []
    builtins.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]  # the shell puts it there, too
    try:
        for name in names:
            if name in sys.modules or _import(name):
                imported.append(name)
            if to_fork and count_threads() > 1:
                raise ThreadStarted(name)
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]
    for name in _AFTER_THE_FORK:
        sys.modules.pop(name, None)
    _note_files()
    return imported


def count_threads() -> int:
    """Of the process, also those that Python does not know of."""
    return len(os.listdir("/proc/self/task"))  # pathlib is not to be loaded for this


def _import(name: str) -> bool:
    began = time.monotonic()
    try:
        if importlib.util.find_spec(name) is None:
            return False
        importlib.import_module(name)
    except Exception:  # noqa: BLE001  # a library may fail in any way; its kernels will say so
        print(f"not imported: {name}", file=sys.stderr)  # the zygote's log
        traceback.print_exc()
        return False
    print(f"imported {name} in {time.monotonic() - began:.2f} s", file=sys.stderr, flush=True)  # its log
    return True


def _note_files() -> None:
    """Which file each module is from: a kernel would find it out at its first traceback, in 0.3 s where it has many."""
    import inspect

    try:
        inspect.getmodule(compile("", "of no module", "exec"))  # found in none, it looks through all
    except Exception:  # noqa: BLE001  # asked for its file, a module may answer in any way
        traceback.print_exc()  # in the zygote's log


def stamps(path: list[str]) -> dict[str, int]:
    """When each place was changed last that something was imported from, or would be.

    Installing, upgrading or removing a package changes the folder that it is in. A module elsewhere, as in an editable
    installation, is watched file by file.
    """
    installed, standard = tuple(_installed_places(path)), _standard_places()
    places = {sys.executable, os.path.join(sys.prefix, "pyvenv.cfg"), *(place.rstrip(os.sep) for place in installed)}
    for place in installed:
        places.update(os.path.join(place, name) for name in _listed(place) if name.endswith(".pth"))
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file:
            continue
        if file.startswith(installed):
            if "." not in name:
                places.update({file, os.path.dirname(file)})
        elif not file.startswith(standard):
            places.add(file)
    return {place: stamp(place) for place in places}


def stamp(place: str) -> int:
    """0 for what is not there."""
    try:
        return os.stat(place).st_mtime_ns
    except OSError:
        return 0


def _standard_places() -> tuple[str, ...]:
    """The standard library's, which changes with the interpreter."""
    import sysconfig

    return tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))


def _installed_places(path: list[str]) -> list[str]:
    packages = {place for place in path if place.endswith(("site-packages", "dist-packages"))}
    user = {site.getusersitepackages()} if site.ENABLE_USER_SITE else set()
    return [place + os.sep for place in packages | user if place]


def _listed(place: str) -> list[str]:
    try:
        return os.listdir(place)
    except OSError:
        return []
