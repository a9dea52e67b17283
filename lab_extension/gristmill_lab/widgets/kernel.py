"""This kernel: whose it is, its cells, and the one thread that its panels share."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from gristmill.client.client import Client
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.cells import Cells
from gristmill_lab.widgets.directly import Directly
from gristmill_lab.widgets.live import Live

_ATTEMPT = "GRISTMILL_ATTEMPT"  # what a worker marks its kernel with


def shell() -> Any:
    """IPython's, None outside of it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_a_run(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a worker executes this: nobody looks at what is shown, and nobody presses anything."""
    return bool(environ.get(_ATTEMPT))


async def chosen() -> Asking:
    """How panels of this kernel reach the control plane."""
    return Directly(Client)


CELLS = Cells(shell)
LIVE = Live(chosen)
