"""What is in a data root, by looking at names and sizes only."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gristmill.worker.data_roots.errors import DataRootError

MAX_FILES = 5_000_000


@dataclass(frozen=True, slots=True)
class Version:
    """A file that is written to gets another one; so does a file that takes its place."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class DataFile:
    """`path` is where it is to be read; `mark` is what stands for its version in a digest by stat."""

    path: Path
    version: Version
    mark: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The regular files of a root, by their place in it; a root that is a single file has one, at "".

    `whole` is the one path that all of them lie below, None where they are gathered from several.
    """

    files: Mapping[str, DataFile]
    folders: tuple[str, ...] = ()
    whole: Path | None = None

    @property
    def is_file(self) -> bool:
        return "" in self.files

    @property
    def size(self) -> int:
        return sum(one.version.size for one in self.files.values())


def list_local(source: Path) -> Listing:
    """The files at a local path. Links are followed, each folder once on a way down; devices and pipes are left out.

    Raises:
        DataRootError: nothing is there, or a folder cannot be read.
    """
    try:
        status = source.stat()
        if stat.S_ISREG(status.st_mode):
            return Listing(files={"": _file(source, status)}, whole=source)
        if not stat.S_ISDIR(status.st_mode):
            raise DataRootError(f"{source} is neither a file nor a folder")
        files: dict[str, DataFile] = {}
        folders: list[str] = []
        for place, path, found in _walk("", source, ((status.st_dev, status.st_ino),)):
            if stat.S_ISDIR(found.st_mode):
                folders.append(place)
            else:
                files[place] = _file(path, found)
            if len(files) > MAX_FILES:
                raise DataRootError(f"{source} holds more than {MAX_FILES} files")
    except FileNotFoundError as error:
        raise DataRootError(
            f"{error.filename} is not there", hint="`gristmill data show NAME` says what it is."
        ) from error
    except OSError as error:
        raise DataRootError(f"{error.filename} cannot be read: {error.strerror}") from error
    return Listing(files=files, folders=tuple(folders), whole=source)


def _walk(place: str, folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        try:
            status = entry.stat()
        except OSError:  # gone meanwhile, or a link that leads nowhere
            continue
        below = f"{place}/{entry.name}" if place else entry.name
        if stat.S_ISREG(status.st_mode):
            yield below, Path(entry.path), status
        elif stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in above:
            yield below, Path(entry.path), status
            yield from _walk(below, Path(entry.path), (*above, (status.st_dev, status.st_ino)))


def _file(path: Path, status: os.stat_result) -> DataFile:
    version = version_of(status)
    return DataFile(path, version, str(version.mtime_ns))


def version_of(status: os.stat_result) -> Version:
    return Version(status.st_size, status.st_mtime_ns, status.st_ino)


def changed(before: Listing, *, again: Listing | None) -> list[str]:
    """The places whose files are not what they were: other ones, new ones, those that are gone."""
    if again is None:
        return sorted(before.files)
    places = before.files.keys() | again.files.keys()
    return sorted(one for one in places if _version(before, one) != _version(again, one))


def _version(listing: Listing, place: str) -> Version | None:
    found = listing.files.get(place)
    return found.version if found else None
