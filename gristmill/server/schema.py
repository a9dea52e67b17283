"""The database's schema and its versions. Migrations expand first, contract later: a rollback stays possible."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gristmill.core.database import Database
from gristmill.core.database_engines import MIGRATION_LOCK
from gristmill.core.database_faults import translated
from gristmill.core.errors import ConflictError
from gristmill.core.sqlite_copy import copy_database

_COPIES = 2  # of a SQLite file as it was before upgrades
_MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchemaError(ConflictError):
    code = "newer_schema"
    title = "The database is newer than this program"


class OlderSchemaError(ConflictError):
    code = "older_schema"
    title = "The database is older than this program"


@dataclass(frozen=True, kw_only=True)
class SchemaState:
    """`current` is the database's, None for one without tables; `head` is this program's."""

    database: str  # where it is, without its password
    current: str | None
    head: str
    known: bool

    @property
    def is_current(self) -> bool:
        return self.current == self.head


def state(db: Database) -> SchemaState:
    scripts = ScriptDirectory.from_config(_config())
    with translated(db.place), db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    head = scripts.get_current_head() or ""
    return SchemaState(database=db.place, current=current, head=head, known=current is None or current in known)


def prepare(db: Database) -> None:
    """What a server does at its start: SQLite is brought up to date; of another database it is only asked.

    Raises:
        NewerSchemaError: a later version of Gristmill has written it.
        OlderSchemaError: it is to be upgraded by hand, when no older control plane needs it any more.
    """
    if db.is_sqlite:
        upgrade(db)
        return
    found = state(db)
    _check_known(found)
    if not found.is_current:
        has = f"schema {found.current}" if found.current else "no tables yet"
        raise OlderSchemaError(
            f"the database {found.database} has {has}, this program needs schema {found.head}",
            hint="Back it up, then run: gristmill db upgrade",
        )


def upgrade(db: Database) -> None:
    """Brings the database to this program's schema; a SQLite file is copied beside itself before it is changed.

    Raises:
        NewerSchemaError: a later version of Gristmill has written it.
    """
    found = state(db)
    if found.is_current:
        return
    _check_known(found)
    if found.current is not None:
        _back_up(db, found.current)
    config = _config()
    with translated(db.place), db.engine.connect() as connection:
        if not db.is_sqlite:
            _take_turn(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _check_known(found: SchemaState) -> None:
    if not found.known:
        raise NewerSchemaError(
            f"the database has schema {found.current}, this program knows up to {found.head}",
            hint="Upgrade Gristmill, or restore a backup that this version wrote.",
        )


def _take_turn(connection: sa.Connection) -> None:
    """One upgrade at a time; PostgreSQL gives the lock back with the session. A long one is not cut off."""
    connection.exec_driver_sql("SET lock_timeout = 0")
    connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
    connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK, 0)))
    connection.commit()
    connection.detach()  # its settings and its lock end with it: it goes back to no pool


def _back_up(db: Database, revision: str) -> None:
    file = db.url.database
    if not db.is_sqlite or not file:
        return
    copy_database(Path(file), Path(f"{file}.before-{revision}"))
    copies = sorted(Path(file).parent.glob(f"{Path(file).name}.before-*"), key=lambda path: path.stat().st_mtime)
    for old in copies[:-_COPIES]:
        old.unlink()
