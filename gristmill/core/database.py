"""The one database of the control plane: SQLAlchemy Core on SQLite (PostgreSQL takes the same code).

The caller opens `with db.write() as tx` and hands `tx` on; nothing does other I/O inside it. SQLite runs in WAL mode; a
writing transaction is `BEGIN IMMEDIATE` from its first statement, so that it never has to be upgraded and refused.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 30_000

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Tx = sa.Connection


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime, on databases that know no time zones too."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone would be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


class Database:
    """Opens transactions. After each commit that wrote, `on_commit` is called: it only wakes who reads events."""

    def __init__(self, url: str, *, on_commit: Callable[[], None] = lambda: None) -> None:
        self.engine = sa.create_engine(url, pool_size=16, max_overflow=32)
        self.on_commit = on_commit
        # SQLite has one writer: queueing for it here, first come first served, beats polling its lock.
        self._writer = threading.Lock()
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one moment of the database and writes nothing."""
        with self.engine.connect() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that commits when the block ends, and leaves nothing behind when it raises."""
        with self._writer, self.engine.connect().execution_options(gristmill_write=True) as tx, tx.begin():
            yield tx
        self.on_commit()

    def close(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver would otherwise open deferred transactions of its own accord.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("gristmill_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def json_column(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), **options)


def time_column(name: str, **options: Any) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime(), **options)


def project_column() -> sa.Column[str]:
    """Every table has one: a project owns names and rows from the first migration."""
    return sa.Column("project_id", sa.String(40), sa.ForeignKey("projects.id"), nullable=False)
