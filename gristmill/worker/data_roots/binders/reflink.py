"""Copies that share the blocks of the original until one of the two is written to: btrfs, XFS, ZFS, bcachefs."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from gristmill.worker.data_roots.binders.base import Binder, Bound, CannotBindError, Placing
from gristmill.worker.data_roots.listing import DataFile, Listing, version_of

MAX_FILES = 10_000  # each takes a system call and an inode
_FICLONE = 0x40049409  # linux/fs.h

Clone = Callable[[int, int], None]


def ficlone(source: int, target: int) -> None:
    """Makes the file behind `target` share the blocks of `source`; OSError where that cannot be."""
    if sys.platform != "linux":
        raise OSError(errno.EOPNOTSUPP, "no reflinks on this platform")
    import fcntl

    fcntl.ioctl(target, _FICLONE, source)


class ReflinkBinder(Binder):
    """A clone of every file, read-only. Neither the run nor anybody else can change what the other one reads."""

    method = "reflink"

    def __init__(self, clone: Clone = ficlone) -> None:
        self._clone = clone

    def bind(self, listing: Listing, place: Path) -> Bound:
        if len(listing.files) > MAX_FILES:
            raise CannotBindError(f"{len(listing.files)} files are too many to clone each: at most {MAX_FILES}")
        placing = Placing(place)
        try:
            for name, path in placing.each(listing):
                self._clone_file(listing.files[name], path)
        except OSError as error:
            placing.take_back()
            raise CannotBindError(f"no clone at {place}: {error.strerror}") from error
        except CannotBindError:
            placing.take_back()
            raise
        return Bound(method=self.method, places=frozenset(placing.places), frozen=True)

    def _clone_file(self, file: DataFile, path: Path) -> None:
        with file.path.open("rb") as source, path.open("xb") as target:
            self._clone(source.fileno(), target.fileno())
            if version_of(os.fstat(source.fileno())) != file.version:
                raise CannotBindError(f"{file.path} was changed while it was cloned")
            os.fchmod(target.fileno(), 0o444)
        os.utime(path, ns=(file.version.mtime_ns, file.version.mtime_ns))
