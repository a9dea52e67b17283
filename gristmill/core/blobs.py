"""Content-addressed bytes: `sha256:<hex>`, written once, read-only ever after; fsspec lies below."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import fsspec
import sqlalchemy as sa

from gristmill.core.database import Tx, insert_new, metadata, project_column, time_column
from gristmill.core.errors import InvalidInputError, NotFoundError, TooLargeError

CHUNK = 256 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

blobs = sa.Table(
    "blobs",
    metadata,
    project_column(),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    time_column("created_at", nullable=False),
    sa.PrimaryKeyConstraint("project_id", "digest"),
)

# What a token that is bound to one attempt may read and name: the files that it executes, and what it has sent itself.
grants = sa.Table(
    "blob_grants",
    metadata,
    project_column(),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.PrimaryKeyConstraint("subject", "digest"),
)


def check_digest(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise InvalidInputError(f"digest {digest[:100]!r} is not valid: expected sha256: and 64 hexadecimal digits")
    return digest


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Incoming(Protocol):
    """A blob on its way in: nothing can be read under its digest before `finish`."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> int: ...

    def abort(self) -> None: ...


class BlobStore:
    """The bytes of every project; which project may read which is the `blobs` table's business."""

    def __init__(self, url: str, *, max_bytes: int) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._max_bytes = max_bytes
        self._fs.makedirs(f"{self._root}/incoming", exist_ok=True)

    def has(self, digest: str) -> bool:
        return bool(self._fs.exists(self._path(digest)))

    def incoming(self, digest: str) -> Incoming:
        return _Incoming(self._fs, f"{self._root}/incoming/{uuid4().hex}", self._path(digest), digest, self._max_bytes)

    def put(self, digest: str, chunks: Iterable[bytes]) -> int:
        """Stores the bytes and returns their number; nothing is stored unless they have this digest."""
        incoming = self.incoming(digest)
        try:
            for chunk in chunks:
                incoming.write(chunk)
            return incoming.finish()
        except BaseException:
            incoming.abort()
            raise

    def put_bytes(self, data: bytes) -> str:
        digest = digest_of(data)
        if not self.has(digest):
            self.put(digest, [data])
        return digest

    def read(self, digest: str) -> Iterator[bytes]:
        """The bytes, in chunks.

        Raises:
            NotFoundError: at once, not at the first chunk.
        """
        try:
            stream = self._fs.open(self._path(digest), "rb")
        except FileNotFoundError:
            raise NotFoundError(f"no blob {digest}") from None
        return _chunks(stream)

    def read_bytes(self, digest: str, limit: int) -> bytes:
        path = self._path(digest)
        try:
            size = self._fs.size(path)
        except FileNotFoundError:
            raise NotFoundError(f"no blob {digest}") from None
        if size > limit:
            raise TooLargeError(f"blob {digest} has {size} bytes, at most {limit} are read here")
        return bytes(self._fs.cat_file(path))

    def _path(self, digest: str) -> str:
        name = check_digest(digest).removeprefix("sha256:")
        return f"{self._root}/sha256/{name[:2]}/{name[2:]}"


class _Incoming:
    def __init__(self, fs: fsspec.AbstractFileSystem, partial: str, final: str, digest: str, max_bytes: int) -> None:
        self._fs, self._partial, self._final, self._digest, self._max_bytes = fs, partial, final, digest, max_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._stream = fs.open(partial, "wb")

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise TooLargeError(f"the blob is larger than the {self._max_bytes} bytes that are allowed")
        self._hash.update(chunk)
        self._stream.write(chunk)

    def finish(self) -> int:
        self._stream.close()
        got = "sha256:" + self._hash.hexdigest()
        if got != self._digest:
            raise InvalidInputError(f"the bytes sent are {got}, expected {self._digest}")
        self._fs.makedirs(self._final.rsplit("/", 1)[0], exist_ok=True)
        self._fs.mv(self._partial, self._final)
        return self._size

    def abort(self) -> None:
        self._stream.close()
        if self._fs.exists(self._partial):
            self._fs.rm_file(self._partial)


def _chunks(stream: fsspec.spec.AbstractBufferedFile) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def remember(tx: Tx, *, project_id: str, digest: str, size: int, now: datetime) -> None:
    """From now on this project holds the blob."""
    insert_new(tx, blobs, {"project_id": project_id, "digest": digest, "size": size, "created_at": now})


def grant(tx: Tx, *, project_id: str, subject: str, digests: Iterable[str]) -> None:
    """From now on a token bound to this subject may read these blobs of its project, and name them."""
    for part in _parts(digests):
        query = sa.select(grants.c.digest).where(grants.c.subject == subject, grants.c.digest.in_(part))
        known = set(tx.scalars(query))
        rows = [{"project_id": project_id, "subject": subject, "digest": new} for new in part if new not in known]
        if rows:
            insert_new(tx, grants, *rows)


def revoke_grants(tx: Tx, subject: str) -> None:
    tx.execute(sa.delete(grants).where(grants.c.subject == subject))


def held(tx: Tx, project_id: str, digests: Iterable[str], *, subject: str | None = None) -> dict[str, int]:
    """Digest → size of those that the project holds; for a subject, only of those that it was granted."""
    found: dict[str, int] = {}
    for part in _parts(digests):
        query = sa.select(blobs.c.digest, blobs.c.size).where(
            blobs.c.project_id == project_id, blobs.c.digest.in_(part)
        )
        if subject is not None:
            granted = sa.select(grants.c.digest).where(grants.c.project_id == project_id, grants.c.subject == subject)
            query = query.where(blobs.c.digest.in_(granted))
        found.update({row.digest: row.size for row in tx.execute(query)})
    return found


def _parts(digests: Iterable[str]) -> Iterator[list[str]]:
    """Each once, in portions that a query can name."""
    wanted = list(dict.fromkeys(digests))
    for start in range(0, len(wanted), 500):
        yield wanted[start : start + 500]
