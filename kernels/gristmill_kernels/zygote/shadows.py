"""Whether a fresh interpreter would import something else than what the zygote has imported."""

from __future__ import annotations

import os
import sys
from typing import Any

_CODE = (".py", ".so", ".pyc")
_STARTUP = ("sitecustomize", "usercustomize")
_MOST = 20_000  # entries looked at


def shadowed(folder: str, names: frozenset[str] | set[str]) -> str | None:
    """The file in `folder` that would be imported in place of a module of `names`."""
    try:
        with os.scandir(folder) as entries:
            for seen, entry in enumerate(entries):
                if seen > _MOST:
                    return folder
                if entry.name.partition(".")[0] in names and _is_module(entry):
                    return entry.path
    except OSError:
        return None
    return None


def startup_code(folder: str) -> str | None:
    """What an interpreter would execute at its start, with `folder` in PYTHONPATH."""
    return shadowed(folder, set(_STARTUP))


def _is_module(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir():
        return os.path.exists(os.path.join(entry.path, "__init__.py"))
    return entry.name.endswith(_CODE)


def other_code(request: dict[str, Any], kernels_own: frozenset[str]) -> str | None:
    """A module of the user's with the name of one that is imported already would not be seen."""
    names = {name.partition(".")[0] for name in sys.modules}
    for place in request["first_on_path"]:
        if found := startup_code(place):
            return f"executed at an interpreter's start: {found}"
        # A kernel imports itself before the working directory is on its path.
        visible = names - kernels_own if request["kernel"] and place == request["cwd"] else names
        if found := shadowed(place, visible):
            return f"it stands in front of an imported module: {found}"
    if "matplotlib" in names and os.path.exists(os.path.join(request["cwd"], "matplotlibrc")):
        return "matplotlibrc in the working directory"
    return None
