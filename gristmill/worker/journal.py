"""The worker's own record of what it reported."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from gristmill.runs.model import WorkerEvent

JOURNAL = "journal.jsonl"
RESERVE = "reserve"  # gives its room to the last words of a worker whose disk is full
RESERVED = 256 * 2**10


class Journal:
    """`journal.jsonl` in the attempt's folder: one `WorkerEvent` as JSON per line, in order of `n`, from 1.

    An event is written before it is sent and never changed, so whatever was reported is here, delivered or not: a
    control plane that finds the worker gone reads what is behind the last `n` that it holds. The last line of a worker
    that was killed may lack its end. The blobs that undelivered events point to lie in `blobs/`, see `spool`.
    """

    def __init__(self, folder: Path) -> None:
        self._reserve = folder / RESERVE
        with suppress(OSError):  # without it the disk is full already
            self._reserve.write_bytes(b"." * RESERVED)
        self._file = (folder / JOURNAL).open("ab", buffering=0)

    def append(self, event: WorkerEvent) -> None:
        """Raises OSError where there is no room, not even what was kept for that; no part of it is there then."""
        line = msgspec.json.encode(event) + b"\n"
        try:
            self._write(line)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise
            self._reserve.unlink(missing_ok=True)
            self._write(line)

    def _write(self, line: bytes) -> None:
        """All of it or nothing: a part would cut off every event behind it."""
        size = os.fstat(self._file.fileno()).st_size
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(size)
            raise

    def close(self) -> None:
        self._file.close()
