"""Which blobs nothing refers to, and taking their rows away, in portions.

What refers to a blob is a row: every column whose values may name one is marked so in its table (`NAMES_BLOBS`). A new
reference is made only to a blob that was put or asked for within the grace period, by the rows of `blobs`; so who has
read all references, portion by portion, may remove what was not among them and was not touched since before he began.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core import blobs
from gristmill.core.database import NAMES_BLOBS, Tx, insert_row, metadata

_NAMED = re.compile(r"sha256:([0-9a-f]{64})")
_MARK = next(iter(NAMES_BLOBS))
rows = blobs.blobs


@dataclass(frozen=True)
class Place:
    """A table, and those of its columns whose values may name blobs."""

    table: sa.Table
    columns: tuple[sa.Column[Any], ...]

    def named(self, tx: Tx, after: tuple[Any, ...] | None, limit: int) -> "Named":
        """What the `limit` rows behind the key `after` name."""
        key = list(self.table.primary_key.columns)
        query = sa.select(*key, *(sa.cast(column, sa.Text).label(f"text_{column.name}") for column in self.columns))
        if after is not None:
            last = [sa.literal(value, column.type) for value, column in zip(after, key, strict=True)]
            query = query.where(sa.tuple_(*key) > sa.tuple_(*last))
        found = tx.execute(query.order_by(*key).limit(limit)).all()
        texts = [text for row in found for text in row[len(key) :] if text]
        return Named(
            digests={bytes.fromhex(digest) for text in texts for digest in _NAMED.findall(text)},
            next=tuple(found[-1][: len(key)]) if len(found) == limit else None,
            read=sum(map(len, texts)),
        )


@dataclass(frozen=True, kw_only=True)
class Named:
    """`next` is the key to go on from, None behind the last row; `read` is how many characters were looked through."""

    digests: set[bytes]
    next: tuple[Any, ...] | None
    read: int


def places() -> list[Place]:
    tables = [metadata.tables[name] for name in sorted(metadata.tables)]
    marked = {table: tuple(column for column in table.c if _MARK in column.info) for table in tables}
    return [Place(table, columns) for table, columns in marked.items() if columns]


def leave(tx: Tx, digests: Iterable[str], before: datetime) -> dict[str, int]:
    """Digest and size of those whose bytes are to be removed now, and then told to `gone`.

    Nobody was told since `before` that they are here, and no attempt under way may name them.
    """
    wanted = sorted(set(digests))
    blobs.lock(tx, wanted)
    these = _leavable(wanted, before)
    blobs.locked(tx, these)
    left = sa.update(rows).where(these).values(state=blobs.LEAVING).returning(rows.c.digest, rows.c.size)
    going = {row.digest: row.size for row in tx.execute(left)}
    shared = set(tx.scalars(sa.select(rows.c.digest).where(rows.c.digest.in_(going), blobs.STAYS)))
    gone(tx, shared)  # another project has them: the row goes, the bytes stay
    return {digest: size for digest, size in going.items() if digest not in shared}


def removable(tx: Tx, digests: Iterable[str], before: datetime) -> dict[str, int]:
    """What `leave` would answer, nearly: bytes that another project has count too."""
    query = sa.select(rows.c.digest, rows.c.size).where(_leavable(list(digests), before))
    return {row.digest: row.size for row in tx.execute(query)}


def _leavable(digests: list[str], before: datetime) -> sa.ColumnElement[bool]:
    unused = sa.func.coalesce(rows.c.touched_at, rows.c.created_at) < before
    granted = sa.select(blobs.grants.c.digest).where(blobs.grants.c.digest.in_(digests))
    return sa.and_(rows.c.digest.in_(digests), unused, rows.c.digest.not_in(granted))


def unknown(tx: Tx, found: dict[str, int]) -> dict[str, int]:
    """Those of which no row knows."""
    known = set(tx.scalars(sa.select(rows.c.digest).where(rows.c.digest.in_(found))))
    return {digest: size for digest, size in found.items() if digest not in known}


def is_held(tx: Tx, digest: str) -> bool:
    """Whether a project has it, and not only its row."""
    return tx.scalar(sa.select(rows.c.digest).where(rows.c.digest == digest, blobs.STAYS).limit(1)) is not None


def leave_unknown(tx: Tx, project_id: str, found: dict[str, int], now: datetime) -> dict[str, int]:
    """Those of which no row knows: as `leave`. A process ended before it could write them down."""
    blobs.lock(tx, found)
    left = unknown(tx, found)
    for digest, size in left.items():
        row = {"project_id": project_id, "digest": digest, "size": size, "created_at": now, "state": blobs.LEAVING}
        insert_row(tx, rows, **row)
    return left


def leaving(tx: Tx) -> set[str]:
    """What a control plane that ended in between has left to be removed."""
    return set(tx.scalars(sa.select(rows.c.digest).where(rows.c.state == blobs.LEAVING)))


def gone(tx: Tx, digests: Iterable[str]) -> None:
    """Their bytes are removed, or another project's."""
    for part in blobs.parts(digests):
        tx.execute(sa.delete(rows).where(rows.c.digest.in_(part), rows.c.state == blobs.LEAVING))


def idle(tx: Tx, after: tuple[str, str], before: datetime, limit: int) -> tuple[list[str], tuple[str, str] | None]:
    """Digests of which nobody was told since `before`, among the `limit` rows behind `after`; and where to go on."""
    key = sa.tuple_(rows.c.project_id, rows.c.digest)
    query = sa.select(rows).where(key > sa.tuple_(*after)).order_by(rows.c.project_id, rows.c.digest).limit(limit)
    seen = tx.execute(query).all()
    found = [row.digest for row in seen if (row.touched_at or row.created_at) < before]
    return found, (seen[-1].project_id, seen[-1].digest) if len(seen) == limit else None
