"""Blobs within JSON: several of them travel in one request, beside what points to them."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from gristmill.core.errors import InvalidInputError
from gristmill.core.wire import Strict

SMALL_BLOB = 128 * 2**10  # bytes; one of at most so many is small
SMALL_BLOBS = 2**20  # bytes of all of them in one request or answer
MOST_BLOBS = 500  # of them: each costs the database something, however small it is


@dataclass(frozen=True, kw_only=True)
class SmallBlob(Strict):
    """A blob of at most `SMALL_BLOB` bytes within JSON: what `base64` (RFC 4648) holds has the digest."""

    digest: str
    base64: str

    @classmethod
    def of(cls, digest: str, content: bytes) -> "SmallBlob":
        return cls(digest=digest, base64=base64.b64encode(content).decode("ascii"))

    @property
    def content(self) -> bytes:
        """Raises InvalidInputError where it is not base64; whether it has the digest is seen by who stores it."""
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidInputError(f"blob {self.digest[:100]} is not base64: {error}") from error


@dataclass(frozen=True, kw_only=True)
class SmallBlobs(Strict):
    blobs: tuple[SmallBlob, ...]


@dataclass(frozen=True, kw_only=True)
class Digests(Strict):
    digests: tuple[str, ...]


def travel_together(sizes: Iterable[tuple[str, int]]) -> list[list[str]]:
    """Digests of small blobs, each once, in groups that may be asked for or sent in one request; in their order."""
    groups: list[list[str]] = []
    room = 0
    for digest, size in dict(sizes).items():
        if size > SMALL_BLOB:
            continue
        if not groups or size > room or len(groups[-1]) == MOST_BLOBS:
            groups.append([])
            room = SMALL_BLOBS
        groups[-1].append(digest)
        room -= size
    return groups
