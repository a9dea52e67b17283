"""Rows of interactive sessions."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, metadata, project_column, time_column
from gristmill.interactive.model import InteractiveSession

sessions = sa.Table(
    "interactive_sessions",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    project_column(),
    sa.Column("notebook", sa.String(1000), nullable=False),
    sa.Column("experiment", sa.String(1100), nullable=False),
    sa.Column("experiment_id", sa.String(64), nullable=False),
    sa.Column("tracking_server", sa.String(500)),
    sa.Column("source", sa.Text),
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
    time_column("seen_at", nullable=False),
    time_column("ended_at"),
    time_column("closed_at", index=True),  # nothing of it is open in MLflow any more
)
_FIELDS = [column for column in sessions.c if column.name != "closed_at"]


def insert(tx: Tx, session: InteractiveSession) -> None:
    insert_row(tx, sessions, **{column.name: getattr(session, column.name) for column in _FIELDS})


def update(tx: Tx, session: str, **values: datetime) -> None:
    tx.execute(sa.update(sessions).where(sessions.c.id == session).values(**values))


def load(tx: Tx, *where: sa.ColumnElement[bool], limit: int) -> tuple[InteractiveSession, ...]:
    """Newest first."""
    query = sa.select(*_FIELDS).where(*where).order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
    rows: list[Any] = list(tx.execute(query.limit(limit)).mappings())
    return tuple(InteractiveSession(**row) for row in rows)


def find(tx: Tx, session: str) -> InteractiveSession | None:
    return next(iter(load(tx, sessions.c.id == session, limit=1)), None)


def unclosed(tx: Tx, limit: int, *, after: InteractiveSession | None = None) -> tuple[InteractiveSession, ...]:
    """Ended ones of which something may be open in MLflow; who ended first comes first."""
    query = sa.select(*_FIELDS).where(sessions.c.ended_at.is_not(None), sessions.c.closed_at.is_(None))
    if after is not None:
        later = (sessions.c.ended_at == after.ended_at) & (sessions.c.id > after.id)
        query = query.where((sessions.c.ended_at > after.ended_at) | later)
    rows = tx.execute(query.order_by(sessions.c.ended_at, sessions.c.id).limit(limit)).mappings()
    return tuple(InteractiveSession(**row) for row in rows)


def lock(tx: Tx, session: str, *where: sa.ColumnElement[bool]) -> InteractiveSession | None:
    """The session, which nobody else changes until the transaction ends; None where it is not so (any more)."""
    query = sa.select(*_FIELDS).where(sessions.c.id == session, *where).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else InteractiveSession(**row)
