from typing import Any

import msgspec
import sqlalchemy as sa

from gristmill.core.database import Tx, json_column, metadata, project_column, time_column
from gristmill.snapshots.model import Snapshot

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("digest", sa.String(71), nullable=False),
    json_column("body", nullable=False),
    time_column("created_at", nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Index("ix_snapshots_project_digest", "project_id", "digest"),
)


def insert(tx: Tx, snapshot: Snapshot) -> None:
    body: dict[str, Any] = msgspec.to_builtins(snapshot)
    columns = {key: body.pop(key) for key in ("id", "project_id", "digest", "created_by")}
    del body["created_at"]
    tx.execute(sa.insert(snapshots).values(body=body, created_at=snapshot.created_at, **columns))


def find(tx: Tx, project_id: str, key: str) -> Snapshot | None:
    """By id, or the newest with this digest."""
    column = snapshots.c.digest if key.startswith("sha256:") else snapshots.c.id
    query = sa.select(snapshots).where(snapshots.c.project_id == project_id, column == key)
    row = tx.execute(query.order_by(snapshots.c.id.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    columns = {key: row[key] for key in ("id", "project_id", "digest", "created_at", "created_by")}
    return msgspec.convert({**row["body"], **columns}, Snapshot)
