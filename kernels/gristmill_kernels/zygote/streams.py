"""`sys.stdout` and `sys.stderr` while modules are imported, and after the fork.

A library that keeps the stream it finds while it is imported (a logging handler does) has in an ordinary kernel kept
the kernel's own, whose text goes to the notebook. So while a zygote imports it shows streams that pass everything on to
what `sys.stdout` and `sys.stderr` are at the time of writing.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

_kept: list[Any] = []  # the zygote's own streams: empty at a fork, and what they are open on is not theirs any more


class Passing:
    """Writes to what `sys.<name>` is at that moment; to `own` while that is this object itself."""

    def __init__(self, name: str, own: Any) -> None:
        self._name, self._own = name, own

    def __getattr__(self, attribute: str) -> Any:
        current = getattr(sys, self._name)
        return getattr(self._own if current is self or current is None else current, attribute)

    def write(self, text: str) -> Any:
        return self.__getattr__("write")(text)

    def flush(self) -> None:
        self.__getattr__("flush")()


def pass_on() -> None:
    sys.stdout, sys.stderr = Passing("stdout", sys.__stdout__), Passing("stderr", sys.__stderr__)


def renew() -> None:
    """Streams on the descriptors 0, 1 and 2, as an interpreter makes them at its start."""
    old = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    _kept.extend(old)
    for descriptor, (name, before) in enumerate(zip(("stdin", "stdout", "stderr"), old)):  # noqa: B905  # since 3.10
        stream = _opened(descriptor, f"<{name}>", before)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _opened(descriptor: int, name: str, old: Any) -> Any:
    writing = descriptor != 0
    raw = io.FileIO(descriptor, "w" if writing else "r", closefd=False)
    unbuffered = writing and getattr(old, "write_through", False)
    binary: Any = raw if unbuffered else io.BufferedWriter(raw) if writing else io.BufferedReader(raw)
    encoding = getattr(old, "encoding", None) or "utf-8"
    errors = getattr(old, "errors", None) or "strict"
    lines = not unbuffered and (descriptor == 2 or os.isatty(descriptor))
    stream = io.TextIOWrapper(
        binary, encoding=encoding, errors=errors, line_buffering=lines, write_through=bool(unbuffered)
    )
    raw.name = name
    stream.mode = "w" if writing else "r"  # type: ignore[misc]  # as the interpreter sets it
    return stream
