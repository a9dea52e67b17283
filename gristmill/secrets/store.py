"""Rows of secrets: what is known of each, and what its vault needs to have the value again."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_new, metadata, project_column, time_column, upsert
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

# What an attempt was given: its value is known, to be masked, until the attempt is closed.
held = sa.Table(
    "attempt_secrets",
    metadata,
    project_column(),
    sa.Column("attempt_id", sa.String(40), nullable=False),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("vault", sa.String(40), nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("attempt_id", "name"),
)
_PLACES = (secrets, held)


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
    query = _sealed(secrets).where(secrets.c.project_id == project_id)
    if name is not None:
        query = query.where(secrets.c.name == name)
    return _load(tx, query.order_by(secrets.c.name))


def locked(tx: Tx, project_id: str, name: str) -> Sealed | None:
    """What the secret has, which nobody else changes until the transaction ends."""
    return next(iter(_load(tx, _sealed(secrets).where(_key(project_id, name)).with_for_update())), None)


def insert(tx: Tx, kept: Sealed, *, created_by: str, now: datetime) -> bool:
    """False where there is one of this name."""
    row = {**asdict(kept), "created_by": created_by, "created_at": now, "changed_at": now}
    put = upsert(tx.dialect.name, secrets).values(**row).on_conflict_do_nothing()
    return tx.scalar(put.returning(secrets.c.name)) is not None


def update(tx: Tx, project_id: str, name: str, **values: Any) -> None:
    tx.execute(sa.update(secrets).where(_key(project_id, name)).values(**values))


def use(tx: Tx, given: Sealed, now: datetime) -> bool:
    """False where it was set anew or deleted since it was opened."""
    return tx.execute(sa.update(secrets).where(*_same(secrets, given)).values(last_used_at=now)).rowcount == 1


def replace(tx: Tx, before: Sealed, after: Sealed) -> bool:
    """Wherever it stands; whether it is still the secret's: not where that was set anew or deleted meanwhile."""
    changed = [
        tx.execute(sa.update(table).where(*_same(table, before)).values(vault=after.vault, sealed=after.sealed))
        for table in _PLACES
    ]
    return changed[0].rowcount == 1


def refers(tx: Tx, sealed: Sealed) -> bool:
    """Whether a secret has it, or an attempt that is open."""
    return any(tx.scalar(sa.select(sa.exists().where(*_same(table, sealed)))) for table in _PLACES)


def delete(tx: Tx, project_id: str, name: str) -> None:
    tx.execute(sa.delete(secrets).where(_key(project_id, name)))


# What attempts were given --------------------------------------------------------------------------------------------


def hold(tx: Tx, attempt: str, given: Iterable[Sealed]) -> None:
    insert_new(tx, held, *({"attempt_id": attempt, **asdict(one)} for one in given))


def held_by(tx: Tx, attempt: str) -> list[Sealed]:
    """By name."""
    return _load(tx, _sealed(held).where(held.c.attempt_id == attempt).order_by(held.c.name))


def held_in(tx: Tx, project_id: str) -> list[Sealed]:
    """Each once, by name."""
    return _load(tx, _sealed(held).where(held.c.project_id == project_id).distinct().order_by(held.c.name))


def holders(tx: Tx) -> set[str]:
    """The attempts that hold any."""
    return set(tx.scalars(sa.select(held.c.attempt_id).distinct()))


def release(tx: Tx, attempt: str) -> None:
    tx.execute(sa.delete(held).where(held.c.attempt_id == attempt))


def _sealed(table: sa.Table) -> sa.Select[Any]:
    return sa.select(*(table.c[one] for one in ("project_id", "name", "vault", "sealed")))


def _load(tx: Tx, query: sa.Select[Any]) -> list[Sealed]:
    return [Sealed(**row) for row in tx.execute(query).mappings()]


def _same(table: sa.Table, sealed: Sealed) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == value for name, value in asdict(sealed).items())


def _key(project_id: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(secrets.c.project_id == project_id, secrets.c.name == name)
