"""Files one after the other into a ZIP archive that is sent while it is made: no archive is ever whole anywhere."""

import io
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from typing import IO, cast

_STORED = (".gz", ".zip", ".png", ".jpg", ".jpeg", ".parquet", ".xz", ".bz2", ".zst", ".npz", ".whl")


class _Pipe(io.RawIOBase):
    """What is written to it waits to be taken."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        given = memoryview(cast("bytes", data))
        self._waiting += given
        return given.nbytes

    def take(self) -> bytes:
        taken, self._waiting = bytes(self._waiting), bytearray()
        return taken


async def archive(names: Sequence[str], read: Callable[[str], AsyncIterator[bytes]]) -> AsyncIterator[bytes]:
    """The archive's bytes as they come; `read` gives those of one file."""
    pipe = _Pipe()
    now = time.localtime()[:6]
    with zipfile.ZipFile(cast("IO[bytes]", pipe), "w") as made:
        for name in names:
            entry = zipfile.ZipInfo(name, now)
            entry.compress_type = zipfile.ZIP_STORED if name.lower().endswith(_STORED) else zipfile.ZIP_DEFLATED
            with made.open(entry, "w", force_zip64=True) as file:
                async for chunk in read(name):
                    file.write(chunk)
                    yield pipe.take()
            yield pipe.take()
    yield pipe.take()
