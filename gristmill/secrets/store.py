"""Rows of secrets: what is known of each, and what its vault needs to have the value again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, metadata, project_column, time_column
from gristmill.secrets.model import Secret

secrets = sa.Table(
    "secrets",
    metadata,
    project_column(),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("vault", sa.String(40), nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
    time_column("changed_at", nullable=False),
    time_column("last_used_at"),
    sa.PrimaryKeyConstraint("project_id", "name"),
)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """Where one value is: the vault's name, and what it answered when it took the value."""

    project_id: str
    name: str
    vault: str
    sealed: str = field(repr=False)

    @property
    def place(self) -> str:
        return f"{self.project_id}/{self.name}"


def listed(tx: Tx, project_id: str) -> list[Secret]:
    columns = [secrets.c[name] for name in ("name", "created_at", "created_by", "changed_at", "last_used_at")]
    query = sa.select(*columns).where(secrets.c.project_id == project_id).order_by(secrets.c.name)
    return [Secret(**row) for row in tx.execute(query).mappings()]


def find(tx: Tx, project_id: str, name: str) -> Secret | None:
    return next((secret for secret in listed(tx, project_id) if secret.name == name), None)


def sealed(tx: Tx, project_id: str, name: str | None = None) -> list[Sealed]:
    """Of one secret or of all."""
    query = sa.select(*(secrets.c[one] for one in ("project_id", "name", "vault", "sealed")))
    query = query.where(secrets.c.project_id == project_id)
    if name is not None:
        query = query.where(secrets.c.name == name)
    return [Sealed(**row) for row in tx.execute(query.order_by(secrets.c.name)).mappings()]


def insert(tx: Tx, kept: Sealed, *, created_by: str, now: datetime) -> None:
    row = {"project_id": kept.project_id, "name": kept.name, "vault": kept.vault, "sealed": kept.sealed}
    tx.execute(sa.insert(secrets).values(**row, created_by=created_by, created_at=now, changed_at=now))


def update(tx: Tx, project_id: str, name: str, **values: Any) -> None:
    tx.execute(sa.update(secrets).where(_key(project_id, name)).values(**values))


def replace(tx: Tx, before: Sealed, after: Sealed) -> bool:
    """False where it was set anew or deleted meanwhile."""
    same = sa.and_(_key(before.project_id, before.name), secrets.c.sealed == before.sealed)
    changed = tx.execute(sa.update(secrets).where(same).values(vault=after.vault, sealed=after.sealed))
    return changed.rowcount == 1


def delete(tx: Tx, project_id: str, name: str) -> None:
    tx.execute(sa.delete(secrets).where(_key(project_id, name)))


def _key(project_id: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(secrets.c.project_id == project_id, secrets.c.name == name)
