"""The files below a project root that nothing ignores, found without opening one."""

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gristmill.client.pack.ignores import Ignores
from gristmill.client.pack.left_out import LeftOut, Reason
from gristmill.client.pack.near import Near
from gristmill.client.pack.root import ProjectRoot
from gristmill.core.errors import InvalidInputError
from gristmill.snapshots.model import check_path

SMALL = 10**6  # bytes; what is larger is data


@dataclass(frozen=True, kw_only=True)
class Found:
    """A small regular file; `real` is where it is to be opened, links in its path followed."""

    path: str
    real: Path
    size: int


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What a walk has met. It is not `complete` where there was more than it was allowed to look at."""

    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]
    complete: bool


@dataclass(frozen=True, kw_only=True)
class _Folder:
    """A folder to look into: `reals` is where it and the folders above it on this way really are."""

    path: str
    reals: tuple[Path, ...]

    @property
    def real(self) -> Path:
        return self.reals[-1]


def walk(
    root: ProjectRoot,
    ignores: Ignores,
    *,
    entries: int,
    files: int,
    data: Collection[str] = frozenset(),
    near: Near | None = None,
) -> Walked:
    """Every small file below the root, by name, until so many entries of folders were seen or files found.

    Nothing at the places in `data` is looked at, and with `near` only what that lets through.
    """
    walker = _Walker(root, ignores, data, near)
    complete = walker.run(entries, files)
    return Walked(found=tuple(walker.found), left_out=tuple(walker.left_out), complete=complete)


class _Walker:
    def __init__(self, root: ProjectRoot, ignores: Ignores, data: Collection[str], near: Near | None) -> None:
        self._root, self._near = root, near
        self._data = data
        self._ignores = ignores
        self.found: list[Found] = []
        self.left_out: list[LeftOut] = []

    def run(self, entries: int, files: int) -> bool:
        folders = [_Folder(path="", reals=(self._root.path,))]
        seen = 0
        while folders:
            folder = folders.pop()
            self._ignores.enter(folder.path)
            below: list[_Folder] = []
            for entry in self._entries(folder, entries - seen + 1):
                if (seen := seen + 1) > entries or len(self.found) > files:
                    return False
                below += self._look(folder, entry)
            folders += reversed(below)
        return True

    def _entries(self, folder: _Folder, limit: int) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder.real) as entries:
                return sorted(islice(entries, limit), key=lambda entry: entry.name)
        except FileNotFoundError:  # gone meanwhile
            return []
        except OSError:
            self._leave(folder.path or ".", Reason.UNREADABLE, folder=True)
            return []

    def _look(self, folder: _Folder, entry: os.DirEntry[str]) -> Iterator[_Folder]:
        """Puts a file where it belongs, and yields a folder to look into."""
        path = f"{folder.path}/{entry.name}" if folder.path else entry.name
        if path in self._data:
            return
        link = entry.is_symlink()
        try:
            check_path(path)
            real = Path(os.path.realpath(entry.path, strict=True)) if link else folder.real / entry.name
            status = real.lstat()
        except InvalidInputError:
            self._leave(printable(path), Reason.NAME)
        except OSError:  # gone meanwhile, or a link that leads nowhere or in a circle
            if link and not self._ignores.ignored(path, is_folder=False):
                self._leave(path, Reason.LINK)
        else:
            is_folder = stat.S_ISDIR(status.st_mode)
            if self._near and not (self._near.enters if is_folder else self._near.takes)(path):
                return
            if not self._ignores.ignored(path, is_folder=is_folder) and (
                not link or self._may_follow(path, real, folder, is_folder=is_folder)
            ):
                if is_folder:
                    yield _Folder(path=path, reals=(*folder.reals, real))
                else:
                    self._take(path, real, status)

    def _may_follow(self, path: str, real: Path, folder: _Folder, *, is_folder: bool) -> bool:
        """Whether a link stays in the root, does not go round, and leads to nothing that is ignored where it is."""
        if not self._root.holds(real) or real in folder.reals or real == self._root.path:
            self._leave(path, Reason.LINK, folder=is_folder)
            return False
        inside = real.relative_to(self._root.path).as_posix()
        return not self._ignores.ignored_with_parents(inside, is_folder=is_folder)

    def _take(self, path: str, real: Path, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self._leave(path, Reason.SPECIAL)
        elif status.st_size > SMALL:
            self._leave(path, Reason.LARGE, size=status.st_size)
        else:
            self.found.append(Found(path=path, real=real, size=status.st_size))

    def _leave(self, path: str, reason: Reason, *, size: int | None = None, folder: bool = False) -> None:
        self.left_out.append(LeftOut(path=path, reason=reason, size=size, folder=folder))


def printable(path: str) -> str:
    """A path as text that UTF-8 can hold and a terminal can show."""
    text = os.fsencode(path).decode(errors="replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
