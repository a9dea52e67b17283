"""What goes between a supervisor and the control plane, which may be away at any time."""

import asyncio
import contextlib
import logging

from gristmill.core.errors import UnavailableError, UnsupportedError
from gristmill.serving.control_plane import ControlPlane
from gristmill.serving.supervisor import Supervisor

POLL_S = 1.0
REPORT_S = 10.0
_LOG = logging.getLogger("gristmill.serving")


async def pull(control_plane: ControlPlane, supervisor: Supervisor) -> None:
    """Gives the supervisor each new desired state."""
    away = False
    while True:
        try:
            supervisor.take(await control_plane.desired())
            away = False
        except (UnavailableError, UnsupportedError) as error:
            if not away:
                _LOG.warning("%s: what is known goes on", error.message)
            away = True
        await asyncio.sleep(POLL_S)


async def report(control_plane: ControlPlane, supervisor: Supervisor) -> None:
    """Tells what the supervisor sees: on every change, and every ten seconds."""
    while True:
        supervisor.changed.clear()
        await report_once(control_plane, supervisor)
        # Not `wait_for`: up to Python 3.11 it forgets a cancellation that comes together with the change.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REPORT_S):
                await supervisor.changed.wait()


async def report_once(control_plane: ControlPlane, supervisor: Supervisor) -> None:
    observed = supervisor.observed()
    if observed is None:
        return
    try:
        await control_plane.report(observed)
    except UnavailableError as error:
        _LOG.debug("not told: %s", error.message)
        return
