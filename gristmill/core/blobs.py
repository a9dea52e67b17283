"""Content-addressed bytes: `sha256:<hex>`, written once, read-only ever after; fsspec lies below."""

import errno
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

import fsspec
import sqlalchemy as sa

from gristmill.core.database import (
    NAMES_BLOBS,
    Tx,
    insert_new,
    lock_names,
    metadata,
    project_column,
    time_column,
    upsert,
)
from gristmill.core.errors import InvalidInputError, NotFoundError, StorageFullError, TooLargeError, UnavailableError

CHUNK = 256 * 1024
COMING, LEAVING = "coming", "leaving"  # what `blobs.state` says of bytes that cannot be had: yet, any more
TOUCH_EVERY = timedelta(minutes=5)  # a blob that was asked for so lately is not written down again
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

blobs = sa.Table(
    "blobs",
    metadata,
    project_column(),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    time_column("created_at", nullable=False),
    time_column("touched_at"),  # when somebody last was told that it is here; None: when it came
    sa.Column("state", sa.String(10)),  # None: its bytes are here
    sa.PrimaryKeyConstraint("project_id", "digest"),
)

# What a token that is bound to one attempt may read and name: the files that it executes, and what it has sent itself.
grants = sa.Table(
    "blob_grants",
    metadata,
    project_column(),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False, info=NAMES_BLOBS),
    sa.PrimaryKeyConstraint("subject", "digest"),
)


STAYS = sa.or_(blobs.c.state.is_(None), blobs.c.state != LEAVING)


class BlobLeavingError(UnavailableError):
    title = "The blob is being removed"


def check_digest(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise InvalidInputError(f"digest {digest[:100]!r} is not valid: expected sha256: and 64 hexadecimal digits")
    return digest


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Incoming(Protocol):
    """A blob on its way in: nothing can be read under its digest before `finish`."""

    def write(self, chunk: bytes) -> None: ...

    def check(self) -> int: ...

    def finish(self) -> int: ...

    def abort(self) -> None: ...


class BlobStore:
    """The bytes of every project; which project may read which is the `blobs` table's business."""

    def __init__(self, url: str, *, max_bytes: int) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._max_bytes = max_bytes
        for folder in ("incoming", LEAVING):
            self._fs.makedirs(f"{self._root}/{folder}", exist_ok=True)

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

    def set_aside(self, digest: str) -> None:
        """Its bytes are no longer read here, until `discard` or `bring_back`."""
        with suppress(FileNotFoundError):
            self._fs.mv(self._path(digest), self._aside(digest))

    def bring_back(self, digest: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.mv(self._aside(digest), self._path(digest))

    def discard(self, digest: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._aside(digest))

    def aside(self) -> list[str]:
        """What was set aside, and neither discarded nor brought back."""
        return [f"sha256:{name}" for name, _, _ in self._listed(f"{self._root}/{LEAVING}")]

    def _aside(self, digest: str) -> str:
        return f"{self._root}/{LEAVING}/{check_digest(digest).removeprefix('sha256:')}"

    def parts(self) -> list[str]:
        """The folders that `stored` lists one at a time."""
        top = f"{self._root}/sha256"
        return sorted(self._fs.ls(top, detail=False)) if self._fs.exists(top) else []

    def stored(self, part: str, before: datetime) -> dict[str, int]:
        """Digest and size of what lies in one of `parts` since before then, whether a row knows it or not."""
        found = {}
        for name, size, changed in self._listed(part):
            digest = f"sha256:{part.rsplit('/', 1)[-1]}{name}"
            if changed < before.timestamp() and _DIGEST.fullmatch(digest):
                found[digest] = size
        return found

    def remove_unfinished(self, before: datetime) -> int:
        """What was on its way in when a process ended, and was written to last before then; how much there was."""
        size = 0
        for name, length, changed in self._listed(f"{self._root}/incoming"):
            if changed < before.timestamp():
                self._fs.rm_file(f"{self._root}/incoming/{name}")
                size += length
        return size

    def _listed(self, folder: str) -> Iterator[tuple[str, int, float]]:
        for entry in self._fs.ls(folder, detail=True):
            changed = entry.get("mtime") or self._fs.modified(entry["name"]).timestamp()
            yield entry["name"].rsplit("/", 1)[-1], int(entry["size"]), float(changed)

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
        with _room():
            self._stream = fs.open(partial, "wb")

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise TooLargeError(f"the blob is larger than the {self._max_bytes} bytes that are allowed")
        self._hash.update(chunk)
        with _room():
            self._stream.write(chunk)

    def check(self) -> int:
        """All has come; its size.

        Raises:
            InvalidInputError: it is not what its digest says.
        """
        with _room():
            self._stream.close()
        got = "sha256:" + self._hash.hexdigest()
        if got != self._digest:
            raise InvalidInputError(f"the bytes sent are {got}, expected {self._digest}")
        return self._size

    def finish(self) -> int:
        size = self.check()
        with _room():
            self._fs.makedirs(self._final.rsplit("/", 1)[0], exist_ok=True)
            self._fs.mv(self._partial, self._final)
        return size

    def abort(self) -> None:
        with suppress(OSError):  # what was not written yet may still have no room
            self._stream.close()
        if self._fs.exists(self._partial):
            self._fs.rm_file(self._partial)


def _chunks(stream: fsspec.spec.AbstractBufferedFile) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK):
            yield chunk


@contextmanager
def _room() -> Iterator[None]:
    """A full disk is no fault of the caller's, nor of ours."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        raise StorageFullError(
            f"there is no room for the blob: {error.strerror}",
            hint="Free some space where Gristmill's home is; `gristmill gc` removes what nothing refers to.",
        ) from error


# Rows. A blob's bytes are put in place between `expect` and `remember`, and removed between `leave` and `gone` of
# `collection`: each of these is a transaction, and none of the one kind begins between two of the other. So no bytes
# go that a row promises.


def expect(tx: Tx, *, project_id: str, digest: str, now: datetime) -> None:
    """Bytes are about to be put in place.

    Raises:
        BlobLeavingError: the same ones are just being removed: in a moment they can be put in place again.
    """
    lock(tx, [digest])
    if tx.scalar(sa.select(blobs.c.state).where(blobs.c.digest == digest, blobs.c.state == LEAVING)):
        raise BlobLeavingError(f"blob {digest} is being removed at this moment", hint="Send it again.")
    row = {"project_id": project_id, "digest": digest, "size": 0, "created_at": now, "touched_at": now}
    insert_new(tx, blobs, {**row, "state": COMING})
    tx.execute(sa.update(blobs).where(_key(project_id, [digest])).values(touched_at=now))


def remember(tx: Tx, *, project_id: str, digest: str, size: int, now: datetime) -> None:
    """From now on this project holds the blob, whose bytes are in place."""
    row = {"project_id": project_id, "digest": digest, "size": size, "created_at": now, "touched_at": now}
    change = {"size": size, "touched_at": now, "state": None}
    put = upsert(tx.dialect.name, blobs).values(**row)
    put = put.on_conflict_do_update(index_elements=[blobs.c.project_id, blobs.c.digest], set_=change, where=STAYS)
    if tx.execute(put).rowcount == 0:  # it was on its way for longer than the grace period
        raise BlobLeavingError(f"blob {digest} is being removed at this moment", hint="Send it again.")


def hold(tx: Tx, project_id: str, digests: Iterable[str], now: datetime) -> dict[str, int]:
    """As `held`; what is answered stays for the grace period, within which something is to refer to it."""
    found: dict[str, int] = {}
    stale = sa.or_(blobs.c.touched_at.is_(None), blobs.c.touched_at < now - TOUCH_EVERY)
    for part in parts(digests):
        _touch(tx, sa.and_(_key(project_id, part), blobs.c.state.is_(None), stale), now)
        found.update(held(tx, project_id, part))
    return found


def hold_granted(tx: Tx, subject: str, now: datetime) -> None:
    """What an attempt has sent and read stays for the grace period, by when its events have named it."""
    _touch(tx, blobs.c.digest.in_(sa.select(grants.c.digest).where(grants.c.subject == subject)), now)


def _touch(tx: Tx, which: sa.ColumnElement[bool], now: datetime) -> None:
    for part in parts(locked(tx, which)):
        tx.execute(sa.update(blobs).where(which, blobs.c.digest.in_(part)).values(touched_at=now))


def locked(tx: Tx, which: sa.ColumnElement[bool]) -> list[str]:
    """Digests of rows that are nobody else's to change before `tx` ends; always locked in the same order."""
    query = sa.select(blobs.c.digest).where(which).order_by(blobs.c.digest, blobs.c.project_id)
    return list(tx.scalars(query.with_for_update()))


def grant(tx: Tx, *, project_id: str, subject: str, digests: Iterable[str]) -> None:
    """From now on a token bound to this subject may read these blobs of its project, and name them."""
    for part in parts(digests):
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
    for part in parts(digests):
        query = sa.select(blobs.c.digest, blobs.c.size).where(_key(project_id, part), blobs.c.state.is_(None))
        if subject is not None:
            granted = sa.select(grants.c.digest).where(grants.c.project_id == project_id, grants.c.subject == subject)
            query = query.where(blobs.c.digest.in_(granted))
        found.update({row.digest: row.size for row in tx.execute(query)})
    return found


def parts(digests: Iterable[str]) -> Iterator[list[str]]:
    """Each once, in portions that a query can name."""
    wanted = list(dict.fromkeys(digests))
    for start in range(0, len(wanted), 500):
        yield wanted[start : start + 500]


def _key(project_id: str, digests: list[str]) -> sa.ColumnElement[bool]:
    return sa.and_(blobs.c.project_id == project_id, blobs.c.digest.in_(digests))


def lock(tx: Tx, digests: Iterable[str]) -> None:
    lock_names(tx, (f"blob {digest}" for digest in digests))
