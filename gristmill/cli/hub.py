"""`gristmill hub`: a JupyterHub on this machine, whose people have JupyterLab with Gristmill in it."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gristmill.cli.options import AsJson
from gristmill.core.errors import InvalidInputError, UnsupportedError


def hub(
    home: Annotated[Path | None, typer.Option("--home", help="Where all of it is kept.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65_535, help="Default: 8000.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start a JupyterHub for a few people on this machine; Ctrl-C ends it.

    Its other settings are GRISTMILL_HUB_… in the environment: docs/admin.md lists them.
    """
    if home is not None and home.exists() and not home.is_dir():
        raise InvalidInputError(f"{home} is no folder: expected one to keep the hub in, or a place for a new one")
    if importlib.util.find_spec("jupyterhub") is None:
        raise UnsupportedError(
            "JupyterHub is not installed beside Gristmill", hint="Install it with: pip install 'gristmill[hub]'"
        )
    chosen = {"GRISTMILL_HUB_HOME": home and str(home.absolute()), "GRISTMILL_HUB_PORT": port and str(port)}
    environ = {**os.environ, **{name: value for name, value in chosen.items() if value}}
    command = [sys.executable, "-m", "gristmill_hub", *(("--json",) if as_json else ())]
    sys.stdout.flush()
    os.execve(sys.executable, command, environ)  # noqa: S606  # this process becomes it
