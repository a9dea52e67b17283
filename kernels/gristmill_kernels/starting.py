"""Starts the zygote of an environment, at most one, beside whoever asks and outliving them."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gristmill_kernels.environment import CODE, Environment, starting_environ
from gristmill_kernels.place import Place, places

MOST = 4  # zygotes of one home
IDLE = 900.0  # seconds without a request or a child after which a zygote ends
_AGAIN = 30.0  # seconds between two starts of one that does not stay
# What others see of a child is written over these: see `zygote.memory_image`.
_ENVIRON_ROOM, _ARGUMENTS_ROOM = 32 * 2**10, 4 * 2**10
PADDING = "GRISTMILL_ZYGOTE_PADDING"
_LOG, _CONFIG, _PID = "zygote.log", "zygote.json", "pid"

_started: list[subprocess.Popen[bytes]] = []


def started_here() -> frozenset[int]:
    """Processes that look like children of this one, and are none of its business."""
    _started[:] = [zygote for zygote in _started if zygote.poll() is None]
    return frozenset(zygote.pid for zygote in _started)


def start(
    home: Path,
    environment: Environment,
    environ: Mapping[str, str],
    *,
    base: Sequence[str],
    more: Sequence[str],
    idle: float = IDLE,
) -> bool:
    """True if one was started; it answers when its imports are done. False where there is one, or may be none."""
    place = Place.of(home, environment)
    place.make()
    with place.alone() as lock:
        if lock is None or _too_soon(place) or not _room(home, place):
            return False
        argv = [environment.interpreter, *environment.flags, str(CODE / "__main__.py"), str(place.folder), str(lock)]
        argv.append(" " * _ARGUMENTS_ROOM)
        config = {"base": list(base), "more": list(more), "idle": idle, "argv": argv}
        (place.folder / _CONFIG).write_text(json.dumps(config))
        with (place.folder / _LOG).open("wb") as log:
            try:
                zygote = subprocess.Popen(
                    argv,
                    cwd=place.folder,
                    env={**starting_environ(environment, environ), PADDING: "." * _ENVIRON_ROOM},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(lock,),
                    start_new_session=True,
                )
            except OSError:
                return False
        (place.folder / _PID).write_text(str(zygote.pid))
        started_here()
        _started.append(zygote)
        return True


def _too_soon(place: Place) -> bool:
    """One that has just ended by itself would end again. A changed environment is another matter: it says so."""
    config = place.folder / _CONFIG
    socket = place.folder / "socket"
    return config.exists() and not socket.exists() and time.time() - config.stat().st_mtime < _AGAIN


def _room(home: Path, wanted: Place) -> bool:
    """At most so many; one that nobody has used for longest gives way."""
    living = [place for place in places(home) if place.folder != wanted.folder and place.taken]
    if len(living) < MOST:
        return True
    answers = [(place, answer) for place in living if (answer := place.ask("status")) and not answer["children"]]
    if not answers:
        return False
    oldest = max(answers, key=lambda pair: float(pair[1]["quiet_for"]))
    oldest[0].ask("stop")
    return True


def stop_all(home: Path, *, patience: float = 0.0) -> bool:
    """Has every zygote end with its last child; whether all have, after at most `patience` seconds."""
    until = time.monotonic() + patience
    while living := [place for place in places(home) if place.taken]:
        for place in living:
            # One that imports does not listen yet, and has no children.
            if place.ask("stop") is None and (pid := _pid(place)) is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)  # its lock is free when it is over, which nobody tells
    started_here()
    return True


def _pid(place: Place) -> int | None:
    """The zygote's process, if that is what the number still names."""
    try:
        pid = int((place.folder / _PID).read_text())
        named = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(place.folder) in named else None


def is_supported() -> bool:
    """Linux with what forking a kernel takes: /proc and pidfds (5.3)."""
    return hasattr(os, "pidfd_open") and Path("/proc/self/ns/pid").exists()
