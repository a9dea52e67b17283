"""A process that has its imports done and waits to become one kernel: where kernels cannot be forked.

It talks over the socket that it was started with. First it is told `{"base", "more", "idle"}`; it says `{"ready"}`
when all is imported. A message as `fork` takes it (see `wire`) makes it the kernel, which is answered by `{"pid"}`, or
by `{"refused": why}`, after which it ends. It ends too when nobody asks for `idle` seconds, or its owner is gone.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from . import streams, wire
from .become import Order, replace_environ, run, take_files
from .preload import Imports, stamp, stamps
from .shadows import other_code


def main(_: str, descriptor: int) -> None:
    """Returns when the kernel is at its end."""
    os.set_inheritable(descriptor, False)
    connection = socket.socket(fileno=descriptor)
    path = list(sys.path)
    config = (wire.receive(connection) or _leave())[0]
    streams.pass_on()
    imports = Imports(config["base"], config["more"], to_fork=False)
    then = stamps(path)
    wire.send(connection, {"ready": imports.names})
    connection.settimeout(config["idle"])
    try:
        request, files = wire.receive(connection) or _leave()
    except OSError:  # nobody has asked
        _leave()
    connection.settimeout(None)
    if refused := _refusal(request, imports, then):
        wire.send(connection, {"refused": refused})
        _leave()
    wire.send(connection, {"pid": os.getpid()})
    connection.close()
    request["environ"] = {**imports.environ, **request["environ"]}
    order = Order(request, files, [], path)
    take_files(order)
    replace_environ(request["environ"])
    os.umask(request["umask"])
    os.chdir(request["cwd"])
    run(order, forked=False)


def _refusal(request: dict[str, Any], imports: Imports, then: dict[str, int]) -> str | None:
    for place, before in then.items():
        if stamp(place) != before:
            return f"the environment has changed: {place}"
    if not os.path.isdir(request["cwd"]):
        return f"no folder {request['cwd']!r}"
    return other_code(request, imports.kernels_own)


def _leave() -> Any:
    os._exit(0)
