"""Starting the local control plane on demand. Two commands at once start one."""

import contextlib
import fcntl
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gristmill.client.credentials import Credentials, from_port_file
from gristmill.core.errors import (
    GristmillError,
    Problem,
    UnavailableError,
    UnsupportedError,
    error_from_problem,
)
from gristmill.core.settings import Settings

START_TIMEOUT = 60.0
# A command in a notebook must not make its control plane part of the attempt, to be ended with it.
_WITHHELD = ("GRISTMILL_ATTEMPT", "GRISTMILL_ENDPOINT", "MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI")

# The control plane outlives this process. While both live it is this one's child, to be collected when it ends.
_started: list[subprocess.Popen[bytes]] = []


def ensure_local(settings: Settings) -> Credentials:
    """The local control plane's credentials; it is started where none lives.

    Raises:
        UnsupportedError: the server part is not installed here.
        GristmillError: it did not come up, as itself has said why.
        UnavailableError: it did not come up; the message has the end of its log.
    """
    if found := from_port_file(settings.port_file):
        return found
    if importlib.util.find_spec("fastapi") is None:
        raise UnsupportedError(
            "no control plane runs, and the server part of Gristmill is not installed here",
            hint="Install it with: pip install 'gristmill[lab]', or set GRISTMILL_URL and GRISTMILL_TOKEN.",
        )
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _one_starter(settings.home / "start.lock"):
        # Another command may have started it while this one waited for the lock.
        if found := from_port_file(settings.port_file):
            return found
        return _start(settings)


def _start(settings: Settings) -> Credentials:
    log = settings.home / "server.log"
    settings.start_fault.unlink(missing_ok=True)
    environ = {name: value for name, value in os.environ.items() if name not in _WITHHELD}
    with log.open("ab") as output:
        position = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "gristmill.server"],
            cwd=settings.home,
            env={**environ, **_told(settings)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(process)
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if found := from_port_file(settings.port_file):
            return found
        if process.poll() is not None:
            raise _fault(settings) or UnavailableError(
                f"the control plane ended with status {process.returncode}: {_tail(log, position)}",
                hint=f"Its whole log is {log}.",
            )
        time.sleep(0.02)  # a port file has no way to wake who waits for it
    raise UnavailableError(
        f"the control plane did not answer within {START_TIMEOUT:g} s: {_tail(log, position)}", hint=f"See {log}."
    )


def _told(settings: Settings) -> dict[str, str]:
    """Where the control plane keeps what it keeps, as this client was told."""
    told = {
        "GRISTMILL_HOME": settings.home,
        "GRISTMILL_DATABASE_URL": settings.database_url,
        "GRISTMILL_SHARED": settings.shared,
    }
    return {name: str(value) for name, value in told.items() if value is not None}


@contextlib.contextmanager
def _one_starter(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fault(settings: Settings) -> GristmillError | None:
    """What kept the control plane from starting, where that is something that it knows how to tell."""
    import msgspec

    try:
        problem = msgspec.json.decode(settings.start_fault.read_bytes(), type=Problem)
    except (OSError, msgspec.DecodeError):
        return None
    error = error_from_problem(problem)
    error.hint = error.hint or f"The control plane does not start before; its log is {settings.home / 'server.log'}."
    return error


def _tail(log: Path, position: int) -> str:
    with log.open("rb") as stream:
        stream.seek(position)
        return stream.read()[-2000:].decode(errors="replace").strip() or "it wrote nothing"
