"""Rows of data roots."""

from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, insert_row, metadata, project_column, time_column
from gristmill.data_roots.model import DataRoot, DigestMethod

data_roots = sa.Table(
    "data_roots",
    metadata,
    project_column(),
    sa.Column("folder", sa.String(1000), nullable=False),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("source", sa.String(2000), nullable=False),
    sa.Column("at", sa.String(1000), nullable=False),
    sa.Column("digest", sa.String(10), nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    time_column("created_at", nullable=False),
    sa.PrimaryKeyConstraint("project_id", "folder", "name"),
)


def insert(tx: Tx, root: DataRoot) -> None:
    values: dict[str, Any] = {column.name: getattr(root, column.name) for column in data_roots.c}
    insert_row(tx, data_roots, **{**values, "digest": root.digest.value})


def delete(tx: Tx, root: DataRoot) -> None:
    tx.execute(sa.delete(data_roots).where(*_same(root.project_id, root.folder, root.name)))


def find(tx: Tx, project_id: str, folder: str, name: str) -> DataRoot | None:
    row = tx.execute(sa.select(data_roots).where(*_same(project_id, folder, name))).mappings().one_or_none()
    return None if row is None else _root(row)


def load(tx: Tx, project_id: str) -> list[DataRoot]:
    query = sa.select(data_roots).where(data_roots.c.project_id == project_id)
    return [_root(row) for row in tx.execute(query.order_by(data_roots.c.folder, data_roots.c.name)).mappings()]


def _same(project_id: str, folder: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    table = data_roots.c
    return (table.project_id == project_id, table.folder == folder, table.name == name)


def _root(row: sa.RowMapping) -> DataRoot:
    return DataRoot(**{**row, "digest": DigestMethod(row["digest"])})
