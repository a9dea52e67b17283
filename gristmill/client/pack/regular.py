"""Regular files, read whole and nothing else: no link, device, pipe or socket is ever waited for."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path


class NotRegularError(OSError):
    """There is something else than a regular file at the path."""


class GrownError(OSError):
    """The file is larger than the limit."""


@dataclass(frozen=True, kw_only=True)
class Regular:
    """What was in the file when it was read."""

    data: bytes
    executable: bool


def read_regular(path: Path, limit: int, *, follow: bool = False) -> Regular:
    """The bytes of the file at `path`, whose last part is followed if it is a link only where that is wanted.

    Raises:
        NotRegularError: for what is no regular file.
        GrownError: for more than `limit` bytes.
        OSError: as `open` and `read` do.
    """
    # Not blocking: the other end of a pipe may never come. Looked at once it is open: a path may change in between.
    links = 0 if follow else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | links | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError(f"{path} is not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise GrownError(f"{path} has more than {limit} bytes")
    return Regular(data=data, executable=bool(status.st_mode & stat.S_IXUSR))
