"""The contract of what puts data at its place in a workspace."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from gristmill.core.errors import GristmillError
from gristmill.worker.data_roots.listing import Listing


class CannotBindError(GristmillError):
    """Not by this method, here and now. Nothing was left behind."""

    code = "cannot_bind"
    title = "Not to be bound this way"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Data at its place. `places` are files that are data, `wholes` folders of which everything is.

    `frozen` says that what the run reads cannot change while it runs; otherwise somebody has to look afterwards.
    `private` says that only the worker and the processes that it starts see the data.
    """

    method: str
    places: frozenset[Path] = frozenset()
    wholes: tuple[Path, ...] = ()
    frozen: bool = False
    private: bool = False
    undo: Callable[[], None] = field(default=lambda: None)

    def holds(self, path: Path) -> bool:
        """Whether this path in the workspace is data, and not something that the run has made."""
        return path in self.places or any(path.is_relative_to(whole) for whole in self.wholes)

    def release(self) -> None:
        """Undoes what would outlive the worker. Doing it again is harmless."""
        self.undo()


class Binder(ABC):
    """Puts the files of a root at a place in an attempt's workspace, to be read there.

    A class that implements this must meet the following requirements.

    **Every file is there**, under its name, with its content, and nothing else is. A file that is at the place already
    is the snapshot's and stays; the others come beside it.

    **The data is never deleted.** Removing the attempt's folder with all that is in it, by whoever and whenever, also
    after the worker was killed, leaves every file of the source as it was.

    **Nothing is written at the source**, and nothing outside the place. New files that a notebook writes beside the
    data stay in the workspace, except where a folder is in `wholes`.

    **What cannot be done raises `CannotBindError`** and leaves nothing behind: the next binder is tried.
    """

    method: ClassVar[str]

    @abstractmethod
    def bind(self, listing: Listing, place: Path) -> Bound: ...


class Placing:
    """The files and folders made so far, to be taken back where it does not go on."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.places: set[Path] = set()
        self._folders: list[Path] = []

    def folder(self, path: Path) -> None:
        """Makes a folder and those above it. They are the snapshot's or our own: no link is on the way."""
        missing = []
        while not path.is_dir():
            if path.exists() or path.is_symlink():
                raise CannotBindError(f"{path} is in the way")
            missing.append(path)
            path = path.parent
        for one in reversed(missing):
            one.mkdir()
            self._folders.append(one)

    def each(self, listing: Listing) -> Iterable[tuple[str, Path]]:
        """Name and place of every file to be put; folders are made on the way, what is there already is passed over."""
        for folder in listing.folders:
            self.folder(self.place / folder)
        if not listing.is_file:
            self.folder(self.place)
        for name in listing.files:
            path = self.place / name if name else self.place
            self.folder(path.parent)
            if not (path.exists() or path.is_symlink()):
                self.places.add(path)
                yield name, path

    def take_back(self) -> None:
        for path in self.places:
            path.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            folder.rmdir()  # one that is not empty would be a fault of ours: nothing is ever removed with what is in it
