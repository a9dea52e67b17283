"""Blobs on their way to the control plane."""

import hashlib
import os
from pathlib import Path

SPOOL = "blobs"
_CHUNK = 2**20


class Spool:
    """`blobs/<hex>` in the attempt's folder: the content of every blob that was not delivered yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / SPOOL
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def put(self, content: bytes) -> str:
        """The digest of `content`, which is kept from now on."""
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_bytes(content)
            unfinished.replace(path)
        return digest

    def adopt(self, path: Path) -> tuple[str, int]:
        """Digest and size of a file that nobody writes to any more; a second name of it is kept, no copy.

        Raises:
            OSError: it cannot be read.
        """
        digest, size = file_digest(path)
        target = self.path(digest)
        if not target.exists():
            try:
                os.link(path, target, follow_symlinks=False)
            except OSError:  # another file system, or one without links
                _copy(path, target)
        return digest, size

    def path(self, digest: str) -> Path:
        return self._folder / digest.removeprefix("sha256:")

    def size(self, digest: str) -> int | None:
        """In bytes; None of one that was delivered before."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def drop(self, digest: str) -> None:
        """Forgets a blob that was delivered."""
        self.path(digest).unlink(missing_ok=True)


def file_digest(path: Path) -> tuple[str, int]:
    """`sha256:<hex>` and size of a regular file; a link is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    size, digest = 0, hashlib.sha256()
    with os.fdopen(descriptor, "rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return "sha256:" + digest.hexdigest(), size


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as content, target.open("wb") as copy:
        while chunk := content.read(_CHUNK):
            copy.write(chunk)
