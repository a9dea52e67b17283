"""The one database of the control plane: SQLAlchemy Core on SQLite or PostgreSQL, the same code for both.

The caller opens `with db.write() as tx` and hands `tx` on; nothing does other I/O inside it. SQLite runs in WAL mode; a
writing transaction is `BEGIN IMMEDIATE` from its first statement, so that it never has to be upgraded and refused. On
PostgreSQL writers run side by side at READ COMMITTED and lock the rows they decide by, in one order
(docs/decisions/postgresql.md); readers see one moment, as on SQLite.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from gristmill.core import database_engines as engines
from gristmill.core.database_faults import translated

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Tx = sa.Connection
Flush = Callable[[Tx, list[dict[str, Any]]], None]

NAMES_BLOBS: dict[Any, Any] = {"names_blobs": True}  # a column's `info`: blobs that its values name are kept

_PENDING = "gristmill_pending"
_flushes: dict[str, Flush] = {}


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
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Database:
    """Opens transactions. After each commit that wrote, `on_commit` is called: it only wakes who reads events.

    Every fault of the database itself is an `UnavailableError` to the caller: it may come back.
    """

    def __init__(self, url: str | sa.URL, *, on_commit: Callable[[], None] = lambda: None) -> None:
        self.engine = engines.create(url)
        self.url = self.engine.url
        self.on_commit = on_commit
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._reader, self._writer = engines.reader(self.engine), engines.writer(self.engine)
        # SQLite has one writer: queueing for it here, first come first served, beats polling its lock.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def place(self) -> str:
        """Where it is, for people: without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one moment of the database and writes nothing."""
        with translated(self.place), self._reader.connect() as tx:
            yield tx

    @contextmanager
    def write(self, *, wake: bool = True) -> Iterator[Tx]:
        """A transaction that commits when the block ends, and leaves nothing behind when it raises.

        `wake=False` is for what nobody waits for.
        """
        with translated(self.place), self._turn, self._writer.connect() as connection, connection.begin():
            tx = connection.execution_options(**{_PENDING: {}})
            yield tx
            flush(tx)
            if wake:
                engines.notify(tx)
        if wake:
            self.on_commit()

    def close(self) -> None:
        self.engine.dispose()


def flushed_by(name: str) -> Callable[[Flush], Flush]:
    """Declares how rows that `defer` has put off under this name are written when the transaction ends."""

    def register(write: Flush) -> Flush:
        _flushes[name] = write
        return write

    return register


def defer(tx: Tx, name: str, row: dict[str, Any]) -> None:
    """Writes the row last in the transaction: the counter that it takes is then locked for a moment only, and after
    every other row, so that no two transactions can wait for each other.
    """
    tx.get_execution_options()[_PENDING].setdefault(name, []).append(row)


def flush(tx: Tx) -> None:
    """Writes what was put off, by name. Whoever reads such rows in the transaction that made them calls this first."""
    pending: dict[str, list[dict[str, Any]]] = tx.get_execution_options().get(_PENDING, {})
    for name in sorted(pending):
        if rows := pending.pop(name):
            _flushes[name](tx, rows)


def lock_names(tx: Tx, names: Iterable[str]) -> None:
    """Nobody else is past this call with one of these names before the transaction ends; taken in sorted order.

    SQLite has one writer anyway. PostgreSQL takes advisory locks: two names with one key only wait needlessly.
    """
    if tx.dialect.name == "postgresql":
        for key in sorted({crc32(name.encode()) for name in names}):
            tx.execute(sa.select(sa.func.pg_advisory_xact_lock(engines.NAMES_LOCK, key - 2**31)))


def insert_row(tx: Tx, table: sa.Table, **values: Any) -> None:
    """One row. As parameters its values cost a fraction of what they do as expressions of the statement."""
    tx.execute(sa.insert(table), values)


def insert_new(tx: Tx, table: sa.Table, *rows: dict[str, Any]) -> None:
    """Inserts the rows that are not there yet, also when another transaction inserts them at the same moment."""
    if rows:
        tx.execute(upsert(tx.dialect.name, table).on_conflict_do_nothing(), list(rows))


def upsert(dialect: str, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, in this kind of database's words."""
    from sqlalchemy.dialects import postgresql, sqlite

    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def json_column(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), **options)


def time_column(name: str, **options: Any) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime(), **options)


def project_column() -> sa.Column[str]:
    """Every table has one: a project owns names and rows from the first migration."""
    return sa.Column("project_id", sa.String(40), sa.ForeignKey("projects.id"), nullable=False)
