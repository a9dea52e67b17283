"""Rows of environments."""

from typing import Any

import sqlalchemy as sa

from gristmill.core.database import NAMES_BLOBS, Tx, insert_row, json_column, metadata, project_column, time_column
from gristmill.environments.model import Environment, EnvironmentKind

environments = sa.Table(
    "environments",
    metadata,
    project_column(),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("source", sa.String(2000), nullable=False),
    sa.Column("python", sa.String(40), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("lock", sa.String(71), info=NAMES_BLOBS),
    json_column("packages", nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
    sa.PrimaryKeyConstraint("project_id", "name"),
)


def insert(tx: Tx, environment: Environment) -> None:
    values: dict[str, Any] = {column.name: getattr(environment, column.name) for column in environments.c}
    values.update(kind=environment.kind.value, packages=list(environment.packages))
    insert_row(tx, environments, **values)


def delete(tx: Tx, environment: Environment) -> None:
    tx.execute(sa.delete(environments).where(*_same(environment.project_id, environment.name)))


def find(tx: Tx, project_id: str, name: str) -> Environment | None:
    row = tx.execute(sa.select(environments).where(*_same(project_id, name))).mappings().one_or_none()
    return None if row is None else _environment(row)


def load(tx: Tx, project_id: str) -> list[Environment]:
    query = sa.select(environments).where(environments.c.project_id == project_id).order_by(environments.c.name)
    return [_environment(row) for row in tx.execute(query).mappings()]


def digests(tx: Tx) -> set[str]:
    """Of every project: a machine's folders are all of theirs."""
    return set(tx.scalars(sa.select(environments.c.digest)))


def _same(project_id: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (environments.c.project_id == project_id, environments.c.name == name)


def _environment(row: sa.RowMapping) -> Environment:
    return Environment(**{**row, "kind": EnvironmentKind(row["kind"]), "packages": tuple(row["packages"])})
