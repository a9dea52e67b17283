"""Loaded by processes that a test starts: those of `$KILL_POINTS_IN` end themselves by SIGKILL at a named call.

`$KILL_POINTS/points.json` names the calls. A point is armed by a file in `$KILL_POINTS/armed` whose size is the number
of the call at which it fires; a fired one is moved to `$KILL_POINTS/fired`, with the attempt that it struck.
"""

import functools
import importlib.util
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_counting = threading.Lock()


def _reach(folder: Path, name: str) -> None:
    armed = folder / "armed" / name
    with _counting:
        try:
            left = armed.stat().st_size - 1
            if left > 0:
                os.truncate(armed, left)
                return
            armed.rename(folder / name)
        except FileNotFoundError:  # not armed, or another process was quicker
            return
        (folder / name).write_text(os.environ.get("GRISTMILL_ATTEMPT", ""))
        (folder / name).rename(folder / "fired" / name)
        os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(call: Callable[..., Any], when: str, reach: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(call)
    def before(*positional: Any, **named: Any) -> Any:
        reach()
        return call(*positional, **named)

    @functools.wraps(call)
    def after(*positional: Any, **named: Any) -> Any:
        answer = call(*positional, **named)
        reach()
        return answer

    @functools.wraps(call)
    @contextmanager
    def left(*positional: Any, **named: Any) -> Iterator[Any]:
        with call(*positional, **named) as value:
            yield value
        reach()

    return {"before": before, "after": after, "left": left}[when]


class _Wrapping:
    """A finder that finds what the others find, and wraps the named calls once the module is executed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._points: dict[str, list[dict[str, str]]] = {}
        for point in json.loads((folder / "points.json").read_text()):
            self._points.setdefault(point["module"], []).append(point)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        points = self._points.pop(name, None)
        spec = importlib.util.find_spec(name) if points else None
        if spec is None or spec.loader is None or points is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_wrap(module: ModuleType) -> None:
            execute(module)
            for point in points:
                self._wrap(module, point)

        spec.loader.exec_module = execute_and_wrap  # type: ignore[method-assign]  # of this one loader
        return spec

    def _wrap(self, module: ModuleType, point: dict[str, str]) -> None:
        *owners, last = point["call"].split(".")
        owner: Any = functools.reduce(getattr, owners, module)
        reach = functools.partial(_reach, self._folder, point["name"])
        setattr(owner, last, _wrapped(getattr(owner, last), point["when"], reach))


def _install() -> None:
    modules = os.environ.get("KILL_POINTS_IN", "").split()
    if "gristmill.worker" not in modules:
        _leave_path()
    folder = os.environ.get("KILL_POINTS")
    if folder and any(module in sys.orig_argv for module in modules):
        sys.meta_path.insert(0, _Wrapping(Path(folder)))


def _leave_path() -> None:
    """What this process starts is as it would be without: a zygote serves none who has code to execute at its start."""
    here = str(Path(__file__).parent)
    places = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place and place != here]
    os.environ.pop("PYTHONPATH", None)
    if places:
        os.environ["PYTHONPATH"] = os.pathsep.join(places)


_install()
