from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from gristmill.core.database import NAMES_BLOBS, Tx, insert_row, json_column, metadata, project_column, time_column
from gristmill.snapshots.model import Snapshot

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("digest", sa.String(71), nullable=False),
    json_column("body", nullable=False, info=NAMES_BLOBS),
    time_column("created_at", nullable=False),
    time_column("touched_at"),  # when it was answered last, to be run; None: when it was made
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Index("ix_snapshots_project_digest", "project_id", "digest"),
)


_last_used = sa.func.coalesce(snapshots.c.touched_at, snapshots.c.created_at)


def insert(tx: Tx, snapshot: Snapshot) -> None:
    body: dict[str, Any] = msgspec.to_builtins(snapshot)
    columns = {key: body.pop(key) for key in ("id", "project_id", "digest", "created_by")}
    del body["created_at"]
    insert_row(tx, snapshots, body=body, created_at=snapshot.created_at, **columns)


def find(tx: Tx, project_id: str, key: str) -> Snapshot | None:
    """By id, or the newest with this digest."""
    column = snapshots.c.digest if key.startswith("sha256:") else snapshots.c.id
    query = sa.select(snapshots).where(snapshots.c.project_id == project_id, column == key)
    row = tx.execute(query.order_by(snapshots.c.id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    columns = {key: row[key] for key in ("id", "project_id", "digest", "created_at", "created_by")}
    return msgspec.convert({**row["body"], **columns}, Snapshot)


def sources(tx: Tx, ids: Collection[str]) -> dict[str, str | None]:
    """Where each was taken from."""
    query = sa.select(snapshots.c.id, snapshots.c.body["source"].as_string()).where(snapshots.c.id.in_(ids))
    return {row[0]: row[1] for row in tx.execute(query)}


def touch(tx: Tx, snapshot_id: str, now: datetime, before: datetime) -> bool:
    """Notes that it is used, unless that was noted since `before`; False where it is not there any more."""
    used = tx.scalar(sa.select(_last_used).where(snapshots.c.id == snapshot_id))
    if used is None or used >= before:
        return used is not None
    return tx.execute(sa.update(snapshots).where(snapshots.c.id == snapshot_id).values(touched_at=now)).rowcount == 1


def unused(tx: Tx, after: str, before: datetime, limit: int) -> tuple[list[str], str | None]:
    """Ids, among the `limit` behind `after`, that nobody has used since `before`; and where to go on."""
    query = sa.select(snapshots.c.id, _last_used.label("used")).where(snapshots.c.id > after)
    rows = tx.execute(query.order_by(snapshots.c.id).limit(limit)).all()
    return [row.id for row in rows if row.used < before], rows[-1].id if len(rows) == limit else None


def delete(tx: Tx, ids: list[str], before: datetime) -> int:
    """How many of these went: nobody has used them since `before`."""
    which = sa.and_(snapshots.c.id.in_(ids), _last_used < before)
    return tx.execute(sa.delete(snapshots).where(which)).rowcount
