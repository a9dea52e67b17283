"""This kernel: whose it is, its cells, and the one thread that its panels share."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gristmill.client.client import Client
from gristmill.client.credentials import from_environment, from_port_file
from gristmill.core.errors import GristmillError
from gristmill.core.settings import read_settings
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.cells import Cells
from gristmill_lab.widgets.directly import Directly
from gristmill_lab.widgets.live import Live
from gristmill_lab.widgets.through_lab import ThroughLab

_ATTEMPT = "GRISTMILL_ATTEMPT"  # what a worker marks its kernel with
_PATIENCE = 10.0  # seconds for a page to say that it is there


def shell() -> Any:
    """IPython's, None outside of it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_a_run(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a worker executes this: nobody looks at what is shown, and nobody presses anything."""
    return bool(environ.get(_ATTEMPT))


async def chosen() -> Asking:
    """How panels of this kernel reach the control plane.

    By the person's own credentials where the kernel has them; else by a page of JupyterLab that answers; else, with
    the server part installed here, by a control plane that is started.
    """
    if await asyncio.to_thread(_is_known) or getattr(shell(), "kernel", None) is None:
        return Directly(Client)
    lab = ThroughLab(FOLDER)
    waited = [asyncio.ensure_future(one.wait()) for one in (lab.reached, lab.closed)]
    await asyncio.wait(waited, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for one in waited:
        one.cancel()
    if lab.reached.is_set():
        return lab
    await lab.close()
    return Directly(Client)


def _is_known() -> bool:
    """Whether a control plane is known here together with a person's credentials for it. None is started."""
    try:
        settings = read_settings()
        return (from_environment(settings) or from_port_file(settings.port_file)) is not None
    except GristmillError:
        return True  # what is wrong with them is said when they are used


FOLDER = Path.cwd()  # a cell may go elsewhere later
CELLS = Cells(shell)
LIVE = Live(chosen)
