"""Stopping the control plane, and knowing that it is gone."""

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path

from gristmill.cli.output import remark
from gristmill.cli.session import connected, connected_if_alive
from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import UnavailableError
from gristmill.core.settings import Settings
from gristmill.core.wire import ServerStatus

PATIENCE = 120.0  # runs get their grace to save what they have
_SAID_AFTER = 1.0  # seconds without a word


def stop_and_wait(settings: Settings, *, everything: bool) -> ServerStatus | None:
    """What was up when it was told to stop; None where nothing ran. It runs no more when this returns.

    Raises:
        UnavailableError: it did not end in time.
    """
    with connected_if_alive(settings) as client:
        if client is not None:
            return _stop(client, everything=everything)
    if not (everything and left_behind(settings)):
        return None
    # Only a control plane knows how to end them in order: runs keep what they have.
    with connected() as client:
        return _stop(client, everything=True)


def left_behind(settings: Settings) -> list[Path]:
    """Folders in which a worker, an endpoint or MLflow lives: each holds a lock for as long as it does."""
    folders = [settings.mlflow, *settings.attempts.glob("*"), *settings.endpoints.glob("*")]
    return [folder for folder in folders if _is_held(folder / "lock")]


def _stop(client: Client, *, everything: bool) -> ServerStatus:
    status = client.send(api.stop_server(everything=everything))
    if client.transport.credentials.local:
        ending = [*status.runs, *status.endpoints, "MLflow"] if everything else ["the control plane"]
        _wait_until_gone(client.settings.home / "server.lock", status.pid, ending)
    return status


def _wait_until_gone(lock: Path, pid: int, ending: Sequence[str]) -> None:
    """It lets go of its lock as the last thing but one. Whoever waits for longer is told what for."""
    began = time.monotonic()
    deadline, said = began + PATIENCE, False
    while _is_held(lock) or _lives(pid):
        if not said and time.monotonic() - began > _SAID_AFTER:
            remark(f"Stopping {', '.join(ending)} …")
            said = True
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"the control plane (process {pid}) did not end within {PATIENCE:g} s",
                hint=f"{lock.parent / 'server.log'} says what it waits for.",
            )
        time.sleep(0.02)  # a lock wakes only who wants it


def _lives(pid: int) -> bool:
    """Whether there is such a process; one that has ended and that nobody has asked about is none."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, PermissionError):
        return False
    except FileNotFoundError:  # gone meanwhile, or a system without /proc
        return not Path("/proc/self").exists()


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
