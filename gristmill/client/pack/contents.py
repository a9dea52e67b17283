"""The packed bytes by digest: what was read once is what is sent, whatever becomes of the file."""

import hashlib
import tempfile
import weakref

IN_MEMORY = 32 * 2**20  # bytes; beyond that they go to an unnamed temporary file


class Contents:
    def __init__(self) -> None:
        # Closed with this object, at the latest when it is collected: nobody need remember to.
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it lives as long as this object
        self._close = weakref.finalize(self, self._file.close)
        self._places: dict[str, tuple[int, int]] = {}

    def add(self, data: bytes) -> str:
        """Keeps `data` and answers its digest, `sha256:<hex>`."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if digest not in self._places:
            self._places[digest] = (self._file.seek(0, 2), len(data))
            self._file.write(data)
        return digest

    def read(self, digest: str) -> bytes:
        """Raises KeyError for a digest that `add` did not answer."""
        start, size = self._places[digest]
        self._file.seek(start)
        return self._file.read(size)

    def close(self) -> None:
        self._close()
