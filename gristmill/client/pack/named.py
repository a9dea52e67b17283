"""Which files a notebook's source names: what is left out of a snapshot matters where it is asked for."""

import os
import posixpath
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from gristmill.client.pack.ignores import Ignores
from gristmill.client.pack.left_out import LeftOut, Reason
from gristmill.client.pack.literals import paths_of
from gristmill.client.pack.reads import certain_reads
from gristmill.client.pack.root import ProjectRoot
from gristmill.data_roots.model import lies_in
from gristmill.notebooks.source import NotebookSource

MAX_NAMES = 2000

# Strings in quotes, of any language: short, on one line.
_STRING = re.compile(r"""(['"])((?:(?!\1)[^\\\n]){1,300})\1""")


class NamedPaths:
    """The strings in a notebook's code, seen as paths from the notebook's folder."""

    def __init__(self, notebook: NotebookSource, folder: str) -> None:
        strings = {match[2] for cell in notebook.code_cells for match in _STRING.finditer(cell.source)}
        strings |= set(paths_of(notebook))
        relative = [one for one in sorted(strings)[:MAX_NAMES] if not one.startswith(("/", "~")) and "\0" not in one]
        self.paths = {posixpath.normpath(posixpath.join(folder, one)) for one in relative} - {".", ".."}
        # `f"{folder}/train.csv"` and `folder / "train.csv"` name a file by its last part alone.
        self.certain = certain_reads(notebook, folder)
        self._tails = {posixpath.basename(one) for one in strings if "." in posixpath.basename(one)}

    def names(self, path: str) -> bool:
        """Whether the source names this file or a folder above it."""
        above = [path[:index] for index, character in enumerate(path) if character == "/"]
        return posixpath.basename(path) in self._tails or not self.paths.isdisjoint([path, *above])


def told(
    left_out: Iterable[LeftOut],
    named: NamedPaths,
    packed: set[str],
    root: ProjectRoot,
    ignores: Ignores,
    data: Collection[str] = (),
) -> tuple[LeftOut, ...]:
    """What was left out, each with whether it is named, and with what is named but ignored or outside the root.

    What lies at one of the places in `data` is not told of: the run has it.
    """
    known = [replace(one, named=named.names(one.path)) for one in left_out if one.path not in packed]
    paths = packed | {one.path for one in known}
    above = {path[:index] for path in paths for index, character in enumerate(path) if character == "/"}
    more = [_missing(path, root, ignores) for path in sorted(named.paths - paths - above)]
    lacking = [one for one in (*known, *more) if one and not any(lies_in(one.path, place) for place in data)]
    return tuple(replace(one, certain=one.path in named.certain) for one in lacking)


def _missing(path: str, root: ProjectRoot, ignores: Ignores) -> LeftOut | None:
    try:
        real = Path(os.path.realpath(root.path / path, strict=True))
        size = None if real.is_dir() else real.stat().st_size
    except (OSError, ValueError):  # no such file: the string is about something else
        return None
    inside = root.holds(real) and not path.startswith("../")
    if inside and not ignores.ignored_with_parents(path, is_folder=size is None):
        return None  # an empty folder, or a file of a folder that was not walked
    reason = Reason.IGNORED if inside else Reason.OUTSIDE
    return LeftOut(path=path, reason=reason, size=size, folder=size is None, named=True)
