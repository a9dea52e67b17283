"""Projects as rows. A laptop has one, `default`. A project's id is its name."""

from datetime import datetime

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_new, metadata, time_column
from gristmill.projects.model import DEFAULT_PROJECT

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(63), nullable=False, unique=True),
    time_column("created_at", nullable=False),
)


def ensure(tx: Tx, name: str, now: datetime) -> None:
    insert_new(tx, projects, {"id": name, "name": name, "created_at": now})


def ensure_default(tx: Tx, now: datetime) -> None:
    ensure(tx, DEFAULT_PROJECT, now)
