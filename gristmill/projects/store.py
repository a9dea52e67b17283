"""Projects own names. A laptop has one, `default`."""

from datetime import datetime

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_new, metadata, time_column

DEFAULT_PROJECT = "default"

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(63), nullable=False, unique=True),
    time_column("created_at", nullable=False),
)


def ensure_default(tx: Tx, now: datetime) -> None:
    insert_new(tx, projects, {"id": DEFAULT_PROJECT, "name": DEFAULT_PROJECT, "created_at": now})
