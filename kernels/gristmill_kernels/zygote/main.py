"""The life of a zygote, from its folder to its end, and in a child from the fork to the module that it executes."""

from __future__ import annotations

import os
import sys

from . import streams
from .become import run
from .keeper import adopt_orphans
from .memory_image import MemoryImage
from .notes import note_unsafe, read_config, read_unsafe
from .preload import Imports, ThreadStarted
from .server import Server


def main(folder: str, lock: int) -> None:
    """Returns in a child, when its module has; the zygote itself leaves without its libraries' exit hooks, which would
    remove what its children still use.
    """
    os.umask(0o077)
    image = MemoryImage()
    if not image.usable:
        _say("what /proc shows of this process cannot be written: no zygote here")
        os._exit(1)
    adopt_orphans()
    config, unsafe = read_config(folder), read_unsafe(folder)
    streams.pass_on()
    try:
        base, more = ([name for name in config[part] if name not in unsafe] for part in ("base", "more"))
        imports = Imports(base, more)
    except ThreadStarted as thread:
        note_unsafe(folder, thread.module)
        _say(f"{thread.module} starts a thread: begins again without it")
        os.execv(sys.executable, config["argv"])  # noqa: S606  # itself, again
    os.set_inheritable(lock, False)
    order = Server(folder, lock, config, imports, image).serve()
    if order is None:
        sys.stderr.flush()
        os._exit(0)
    run(order)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # the zygote's log
