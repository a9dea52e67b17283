"""The project of a notebook that stands in no marked one: the folder that holds what the notebook surely asks for."""

import os
import posixpath
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from gristmill.client.pack.modules import find_modules
from gristmill.client.pack.named import NamedPaths
from gristmill.client.pack.regular import read_regular
from gristmill.client.pack.root import ProjectRoot, find_root
from gristmill.core.errors import InvalidInputError
from gristmill.data_roots.model import MAX_CLIMB, lies_in
from gristmill.notebooks.source import NotebookSource, read_notebook
from gristmill.snapshots.model import MAX_NOTEBOOK_BYTES

MAX_ENTRIES = 2_000  # of a folder that may be taken for a project


def project_root(notebook: Path, *, within: Path | None = None) -> ProjectRoot:
    """As `find_root`; without a mark the nearest folder that holds the modules and files above it that it names.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    root = find_root(notebook.absolute().parent, within=within)
    if root.mark is not None:
        return root
    top = _highest(root.path, within.resolve() if within else None)
    if top == root.path:
        return root
    home = root.path.relative_to(top).as_posix()
    try:
        source = read_notebook(read_regular((root.path / notebook.name).resolve(), MAX_NOTEBOOK_BYTES).data)
        needed = {home, *_needed(top, home, notebook.name, source)}
    except (OSError, InvalidInputError):  # told by who packs it
        return root
    return ProjectRoot(path=top / posixpath.commonpath(needed), mark=None)


def _needed(top: Path, home: str, name: str, source: NotebookSource) -> Iterator[str]:
    """Paths from `top` of what is to be in the project."""
    modules = find_modules(ProjectRoot(path=top, mark=None), f"{home}/{name}", source)
    yield from modules.files
    yield from modules.roots
    for path in NamedPaths(source, home).paths:
        above = path.startswith("../") or lies_in(home, path)  # `..` alone names no file
        if not above and not lies_in(path, home) and os.path.lexists(top / path):
            yield path


def _highest(folder: Path, within: Path | None) -> Path:
    """The highest folder above that may be a project."""
    for above in list(folder.parents)[:MAX_CLIMB]:
        if not _may_be_one(above) or (within and not above.is_relative_to(within)):
            break
        folder = above
    return folder


def _may_be_one(folder: Path) -> bool:
    """Not a home directory or what is above it, no folder of everybody's, as /tmp, none with thousands of entries."""
    try:
        if Path.home().resolve().is_relative_to(folder) or folder.stat().st_mode & stat.S_IWOTH:
            return False
        with os.scandir(folder) as entries:
            return len(list(islice(entries, MAX_ENTRIES + 1))) <= MAX_ENTRIES
    except (OSError, RuntimeError):
        return False
