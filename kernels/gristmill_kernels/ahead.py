"""Kernels started in advance: where nothing can be forked, one process per environment has its imports done and waits.

They are children of this process, which is a Jupyter server; a process that starts one kernel only has no use for them.
"""

import select
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gristmill_kernels.command import Command
from gristmill_kernels.environment import CODE, environment_of, starting_environ
from gristmill_kernels.forking import NotForkedError, Wanted, message
from gristmill_kernels.zygote import wire
from gristmill_kernels.zygote.thread_pools import PINNED

MOST = 4  # environments for which one waits, those that were asked for last
_ANSWER = 5.0  # seconds

Key = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class _Waiting:
    process: subprocess.Popen[bytes]
    connection: socket.socket

    @property
    def ready(self) -> bool:
        """Whether it has said so. What has ended says something too, and is found out when it is asked."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(0))

    def end(self) -> None:
        self.connection.close()
        self.process.terminate()
        _ended.append(self.process)


_lock = threading.Lock()
_waiting: dict[Key, _Waiting] = {}
_ended: list[subprocess.Popen[bytes]] = []  # to be collected


def take(command: Command, environ: Mapping[str, str], wanted: Wanted) -> "subprocess.Popen[bytes]":
    """The process that has waited for this, which is the kernel from now on.

    Raises:
        NotForkedError: none waits, it is not ready yet, or it says no.
    """
    key = _key(command, environ)
    with _lock:
        found = _waiting.get(key)
        if found is None or not found.ready:
            raise NotForkedError("none waits" if found is None else "the one that waits is importing")
        del _waiting[key]
    with found.connection:
        found.connection.settimeout(_ANSWER)
        try:
            wire.receive(found.connection)
            wire.send(found.connection, message(wanted, list(wanted.files), None), list(wanted.files.values()))
            answer = wire.receive(found.connection)
        except (OSError, ValueError) as error:
            found.end()
            raise NotForkedError(f"the one that waited does not answer: {error}") from error
    if answer is None or "pid" not in answer[0]:
        found.end()
        raise NotForkedError(answer[0]["refused"] if answer else "the one that waited has ended")
    return found.process


def start(
    command: Command, environ: Mapping[str, str], *, base: Sequence[str], more: Sequence[str], idle: float
) -> bool:
    """Has one ready for the next kernel of this kind; whether it was started now."""
    key = _key(command, environ)
    with _lock:
        _ended[:] = [process for process in _ended if process.poll() is None]
        if (found := _waiting.get(key)) is not None:
            if found.process.poll() is None:
                return False
            found.connection.close()
        _waiting.pop(key, None)
        while len(_waiting) >= MOST:
            _waiting.pop(next(iter(_waiting))).end()
        started = _start(command, dict(key[2]), environ)
        if started is None:
            return False
        wire.send(started.connection, {"base": list(base), "more": list(more), "idle": idle})
        _waiting[key] = started
        return True


def end_all() -> None:
    """None waits any more."""
    with _lock:
        for one in _waiting.values():
            one.end()
        _waiting.clear()
        for process in _ended:
            process.wait()


def waiting() -> int:
    """How many are ready."""
    with _lock:
        return sum(one.process.poll() is None and one.ready for one in _waiting.values())


def _start(command: Command, variables: Mapping[str, str], environ: Mapping[str, str]) -> _Waiting | None:
    here, there = socket.socketpair()
    plain = starting_environ(environment_of(command.interpreter, command.flags, environ), environ)
    with there:
        argv = [command.interpreter, *command.flags, str(CODE / "__main__.py"), "--wait", str(there.fileno())]
        try:
            process = subprocess.Popen(
                argv,
                cwd="/",
                env={**{name: value for name, value in plain.items() if name not in PINNED}, **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
                start_new_session=True,
            )
        except OSError:
            here.close()
            return None
    return _Waiting(process, here)


def _key(command: Command, environ: Mapping[str, str]) -> Key:
    """Everything that is read when an interpreter or a library starts, sizes of thread pools too."""
    variables = dict(environment_of(command.interpreter, command.flags, environ).variables)
    pools = {name: environ[name] for name in PINNED if name in environ}
    return command.interpreter, command.flags, tuple(sorted({**variables, **pools}.items()))
