"""Processes that outlive the control plane: started in sessions of their own, alive while they hold an `flock`.

The lock is taken before the start and handed over as an open file, so there is no moment in which a started process is
not yet known to be alive; no child inherits it. Linux reads `/proc` through psutil; macOS works the same, more slowly.
"""

import fcntl
import itertools
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psutil

LOCK = "lock"
LOG_LIMIT, LOG_KEPT = 8 * 2**20, 2**20  # bytes that a log may have, and that are left of one that has more
ADDRESS = "address"  # in the home: the URL of the control plane that lives, or lived last
_WITHHELD = frozenset(
    {
        "GRISTMILL_DATABASE_URL",
        "GRISTMILL_MLFLOW_PASSWORD",
        "GRISTMILL_MLFLOW_TOKEN",
        "GRISTMILL_MLFLOW_USERNAME",
        "GRISTMILL_SECRETS_KEY",
        "GRISTMILL_TOKEN",
        "GRISTMILL_URL",
        "GRISTMILL_ATTEMPT",
        "GRISTMILL_ENDPOINT",
        "JUPYTERHUB_API_TOKEN",
        "JPY_API_TOKEN",
        "MLFLOW_TRACKING_TOKEN",
    }
)


# They outlive this process; while both live, `reap` collects those that have ended.
_started: list[subprocess.Popen[bytes]] = []


def reap() -> None:
    """Collects children that have ended: a zombie holds no lock, but shows in the process list."""
    _started[:] = [child for child in _started if child.poll() is None]


class Fork(Protocol):
    """Another way to start a process than `Popen`: True if it has, in a session of its own, with both of its outputs
    on `output` and the files `kept` open at the same numbers.
    """

    def __call__(
        self, argv: Sequence[str], folder: Path, environ: Mapping[str, str], *, output: int, kept: Sequence[int]
    ) -> bool: ...


def spawn_locked(
    argv: Sequence[str],
    folder: Path,
    *,
    environ: Mapping[str, str],
    token: str,
    log: str,
    fork: Fork | None = None,
) -> bool:
    """Starts `argv + [--token-fd N --lock-fd M]` in `folder`; False if the lock is held: it is there already.

    The token travels through a pipe: it is in no argument list, no environment and no file.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / LOCK, "ab") as lock:  # noqa: PTH123  # the descriptor is what is wanted
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        read_end, write_end = os.pipe()
        try:
            os.write(write_end, token.encode())
            os.close(write_end)
            argv = [*argv, "--token-fd", str(read_end), "--lock-fd", str(lock.fileno())]
            kept = (read_end, lock.fileno())
            with (folder / log).open("ab") as output:
                if fork is None or not fork(argv, folder, environ, output=output.fileno(), kept=kept):
                    _started.append(_popen(argv, folder, environ, output=output.fileno(), kept=kept))
            return True
        finally:
            os.close(read_end)


def _popen(
    argv: Sequence[str], folder: Path, environ: Mapping[str, str], *, output: int, kept: Sequence[int]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=kept,
        start_new_session=True,
    )


def holds_lock(folder: Path) -> bool:
    """Whether a process that was started in this folder lives."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """True within the block if this process got the lock; it is never waited for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def marked(name: str, value: str) -> list[psutil.Process]:
    """Every living process that carries `name=value` in its environment, this one left out."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(name) == value:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or not ours to read: then it is not one that we started
    return found


def inherited_environ() -> dict[str, str]:
    """This process's environment without what a started one must not have: credentials and marks of ours."""
    return {name: value for name, value in os.environ.items() if name not in _WITHHELD}


def was_given(process: psutil.Process, option: str, value: str) -> bool:
    """Whether the process was started with `option value` among its arguments."""
    try:
        arguments = process.cmdline()
    except psutil.Error:
        return False
    return (option, value) in itertools.pairwise(arguments)


def terminate(process: psutil.Process) -> None:
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return


def kill_marked(name: str, value: str) -> int:
    """Kills every marked process and its process group; the number of those that were still there."""
    processes = marked(name, value)
    for process in processes:
        try:
            group = os.getpgid(process.pid)
            if group == process.pid:
                os.killpg(group, signal.SIGKILL)
            else:
                process.kill()
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return len(processes)


def log_tail(path: Path, limit: int = 4000) -> str:
    """The last `limit` bytes of a log, from a line's beginning."""
    try:
        with path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - limit))
            data = log.read()
    except FileNotFoundError:
        return ""
    text = data.decode(errors="replace")
    return text.partition("\n")[2] if size > limit else text


def trim(path: Path, limit: int = LOG_LIMIT, kept: int = LOG_KEPT) -> bool:
    """Keeps a log in bounds, byte for byte from a line's beginning; whether it was above them.

    Its writer appends, and so does this: neither writes over the other. What comes while the end is read is kept too;
    only a line that is written in the very moment of the cut is lost.
    """
    try:
        if path.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    with path.open("a+b", buffering=0) as log:
        log.seek(-kept, os.SEEK_END)
        end = log.readall().partition(b"\n")[2]
        end += log.readall()
        log.truncate(0)
        log.write(end)
    return True
