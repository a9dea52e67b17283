"""How each kind of database is opened: SQLite's pragmas, PostgreSQL's limits, and its NOTIFY."""

import json
import math
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from gristmill.core.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    import psycopg

PAGE_CACHE_KB = 64 * 1024  # of one connection, as far as it reads that much; SQLite's default is 2 MB
BUSY_TIMEOUT_MS = 30_000
CHANNEL = "gristmill"
NAMES_LOCK, MIGRATION_LOCK = 0x6772, 0x6773  # the classes of our advisory locks, so that they are never another's

# A control plane that was paused in the middle of a transaction must not hold the others up: its session is ended and
# what it had done is rolled back. Nothing does I/O inside a transaction, so none is idle for so long otherwise.
IDLE_IN_TRANSACTION_S = 5
LOCK_TIMEOUT_S = 15
CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "gristmill",
}
_SESSION = {
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S}s",
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    "timezone": "UTC",
}


def parse(url: str | sa.URL) -> sa.URL:
    """The address with the driver that Gristmill uses.

    Raises:
        InvalidInputError: it is none of a database that Gristmill knows. What was given is not repeated: it may hold a
            password.
    """
    expected = "expected postgresql://user:password@host:5432/database or sqlite:////path/to/file.db"
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise InvalidInputError(f"GRISTMILL_DATABASE_URL cannot be read: {expected}") from None
    backend = parsed.drivername.partition("+")[0]
    if backend not in {"postgresql", "postgres", "sqlite"}:
        raise InvalidInputError(f"GRISTMILL_DATABASE_URL names a database {backend[:40]!r}: {expected}")
    return parsed.set(drivername="sqlite" if backend == "sqlite" else "postgresql+psycopg")


def create(url: str | sa.URL) -> sa.Engine:
    parsed = parse(url)
    shared: dict[str, Any] = {"hide_parameters": True, "json_serializer": to_json, "json_deserializer": from_json}
    if parsed.drivername == "sqlite":
        # The connection used last has the pages at hand that are asked for again; few are kept, for their size.
        engine = sa.create_engine(parsed, pool_size=4, max_overflow=44, pool_use_lifo=True, **shared)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    try:
        return sa.create_engine(
            parsed,
            pool_size=8,
            max_overflow=16,  # two control planes stay well below a server's usual hundred connections
            pool_timeout=10,
            pool_pre_ping=True,  # a connection that the server has closed is replaced, not handed out
            isolation_level="READ COMMITTED",
            connect_args={**CONNECTION, "options": options},
            **shared,
        )
    except (ImportError, NoSuchModuleError) as error:
        raise UnavailableError(
            f"the driver of PostgreSQL is not installed: {error}", hint="pip install 'gristmill[postgres]'"
        ) from error


def connect_alone(engine: sa.Engine) -> "psycopg.Connection[Any]":
    """A connection to PostgreSQL outside the pool, each statement a transaction of its own."""
    import psycopg

    arguments, options = engine.dialect.create_connect_args(engine.url)
    return psycopg.connect(*arguments, **{**options, **CONNECTION, "autocommit": True})


def reader(engine: sa.Engine) -> sa.Engine:
    """The same pool; a transaction sees one moment."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer(engine: sa.Engine) -> sa.Engine:
    return engine.execution_options(gristmill_write=True)


def notify(tx: sa.Connection) -> None:
    """Other processes on this database are woken when `tx` commits. SQLite has none."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"NOTIFY {CHANNEL}")


def to_json(value: Any) -> str:
    """JSON as RFC 8259 has it. It knows no NaN and no infinity: they become null, on every database."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False)


def from_json(text: str | bytes) -> Any:
    """Three times as fast as the standard library, which reads what an earlier version wrote: NaN."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
        f"cache_size=-{PAGE_CACHE_KB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("gristmill_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
