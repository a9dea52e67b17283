"""The database's schema and its versions. Migrations expand first, contract later: a rollback stays possible."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError

_MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchemaError(ConflictError):
    code = "newer_schema"
    title = "The database is newer than this program"


def upgrade(db: Database) -> None:
    """Brings the database to this program's schema; a SQLite file is copied beside itself before it is changed.

    Raises:
        NewerSchemaError: a later version of Gristmill has written it.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise NewerSchemaError(
            f"the database has schema {current}, this program knows up to {scripts.get_current_head()}",
            hint="Upgrade Gristmill, or restore a backup that this version wrote.",
        )
    if current is not None:
        _back_up(db, current)
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _back_up(db: Database, revision: str) -> None:
    file = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not file:
        return
    # SQLite's own backup: it is whole also while a write-ahead log is beside the file.
    with sqlite3.connect(file) as source, sqlite3.connect(f"{file}.before-{revision}") as target:
        source.backup(target)
