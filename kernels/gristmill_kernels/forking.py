"""Asks a zygote for a process."""

import os
import resource
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gristmill_kernels.forked import Forked
from gristmill_kernels.place import Place
from gristmill_kernels.zygote import wire

_LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A process to be: `argv` is what it shows, `module` and `arguments` what it executes.

    `files` are ours, by the number that each gets in the process. `owner` makes it end with this process.
    """

    argv: Sequence[str]
    module: str
    arguments: Sequence[str]
    cwd: str
    environ: Mapping[str, str]
    files: Mapping[int, int]
    kernel: bool
    owned: bool = False
    used: Path | None = None
    recorded: Sequence[str] = ()
    wanted_modules: Sequence[str] = field(default=())


class NotForkedError(Exception):
    """No process came of it, and an ordinary start is what is right."""


def fork(place: Place, wanted: Wanted) -> Forked:
    """The process, in a session of its own, with its environment and files in place.

    Raises:
        NotForkedError: there is no zygote that answers, or it says no.
    """
    if place.busy:
        raise NotForkedError("the zygote is importing")
    if (connection := place.connect()) is None:
        raise NotForkedError("no zygote is ready")
    files = dict(wanted.files)
    owner = os.pidfd_open(os.getpid()) if wanted.owned else None
    number = max(files) + 1 if owner is not None else None
    try:
        if owner is not None and number is not None:
            files[number] = owner
        wire.send(connection, message(wanted, list(files), number), list(files.values()))
        answer = wire.receive(connection)
    except (OSError, ValueError) as error:
        connection.close()
        raise NotForkedError(f"the zygote does not answer: {error}") from error
    finally:
        if owner is not None:
            os.close(owner)
    if answer is None or "pid" not in answer[0]:
        connection.close()
        raise NotForkedError(answer[0]["refused"] if answer else "the zygote has ended")
    if not answer[1]:  # the kernel drops descriptors beside a message silently: recvmsg(2), RLIMIT_NOFILE
        connection.close()
        os.kill(answer[0]["pid"], signal.SIGKILL)
        raise NotForkedError("this process has too many open files")
    return Forked(answer[0]["pid"], answer[0]["parent"], answer[1][0], connection)


def message(wanted: Wanted, numbers: list[int], owner: int | None) -> dict[str, object]:
    umask = os.umask(0o077)
    os.umask(umask)
    return {
        "ask": "fork",
        "argv": list(wanted.argv),
        "module": wanted.module,
        "arguments": list(wanted.arguments),
        "cwd": wanted.cwd,
        "environ": dict(wanted.environ),
        "first_on_path": _first_on_path(wanted.cwd, wanted.environ.get("PYTHONPATH", "")),
        "umask": umask,
        "limits": {str(limit): resource.getrlimit(limit) for limit in _LIMITS},
        "cpus": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        "files": numbers,
        "kernel": wanted.kernel,
        "owner": owner,
        "used": str(wanted.used or ""),
        "recorded": list(wanted.recorded),
        "wanted": list(wanted.wanted_modules),
    }


def _first_on_path(cwd: str, pythonpath: str) -> list[str]:
    """What `python -m` has in front of everything else: the working directory, then PYTHONPATH."""
    given = [os.path.join(cwd, part) for part in pythonpath.split(os.pathsep) if part]  # noqa: PTH118  # strings on sys.path
    return list(dict.fromkeys([cwd, *map(os.path.normpath, given)]))
