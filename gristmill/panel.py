"""Panels in a cell of an open notebook: `gristmill.panel.run("train.ipynb")`. They need `gristmill[widgets]`.

They are ipywidgets: their traits can be read, set and observed, and they can be put among other widgets.
"""

import importlib
import os
from typing import Any

from gristmill.core.errors import UnsupportedError

_NEEDED = "ipywidgets"


def run(notebook: str | os.PathLike[str]) -> Any:
    """A form of the notebook's parameters and a button that runs it; then the run as it goes, and what comes of it.

    Traits: `parameters` (set some of them, the others stay), `profile`, `run`, `state`, `metrics`, `version`.

    Raises:
        NotFoundError: there is no such notebook, as seen from this one's folder.
        UnsupportedError: what panels are made of is not installed in this kernel's environment.
    """
    return _shown("run_panel", "RunPanel")(notebook)


def runs(query: str = "", *, limit: int = 20) -> Any:
    """The newest runs, live. `query` is that of the table of runs: `metrics.auc > 0.9 and state = succeeded`.

    Traits: `query`, `runs`, `selection` (runs that are ticked), `metric` (which one is drawn). Raises as `run` does.
    """
    return _shown("runs_panel", "RunsPanel")(query, limit=limit)


def model(name: str) -> Any:
    """The versions of a registered model with their metrics, and a button that deploys one of them.

    Traits: `versions`, `version` (the one that is chosen). Raises as `run` does.
    """
    return _shown("model_panel", "ModelPanel")(name)


def endpoint(name: str) -> Any:
    """How an endpoint is, what it is asked for, and a request to try it with.

    Traits: `state`, `endpoint`, `request` (what is sent), `answer` (what came). Raises as `run` does.
    """
    return _shown("endpoint_panel", "EndpointPanel")(name)


def _shown(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(f"gristmill_lab.widgets.{module}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {_NEEDED, "traitlets", "IPython"}:
            raise
        raise UnsupportedError(
            f"panels need {_NEEDED}, which is not installed in this kernel's environment",
            hint="Install it there: pip install 'gristmill[widgets]'",
        ) from error
