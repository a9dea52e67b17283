"""A database that an earlier version has written is brought up to date with all that it holds."""

import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

import gristmill.server.app  # it knows every word: all tables but the one of places are in `metadata`
import gristmill.server.places  # noqa: F401  # and this one is
from gristmill.core.database import Database, metadata
from gristmill.server import schema

NOON = datetime(2026, 1, 1, 12, 0)  # noqa: DTZ001  # as SQLite keeps it
DIGEST = "sha256:" + "1" * 64  # sent by the attempt that is under way
READ, OTHER = "sha256:" + "2" * 64, "sha256:" + "3" * 64  # a file of its snapshot, and what is none of its business
MORNING = NOON.replace(hour=8)
RUN = {"parameters": "{}", "given": "[]", "profile": "small", "kernel": "python3", "labels": "{}", "priority": 0}
HELD = {"subjects": "[]", "profile": "small", "cpu": 1.0, "memory": 1, "accelerators": 0, "requested_at": NOON}
ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("projects", {"id": "default", "name": "default"}),
    ("blobs", {"digest": DIGEST, "size": 1}),
    ("blobs", {"digest": READ, "size": 1, "created_at": MORNING}),
    ("blobs", {"digest": OTHER, "size": 1, "created_at": MORNING}),
    ("snapshots", {"id": "snapshot_1", "digest": DIGEST, "body": {"files": [{"digest": READ}]}, "created_by": "ada"}),
    ("runs", {**RUN, "id": "run_1", "number": 1, "name": "a", "notebook": "a.ipynb", "snapshot": "snapshot_1"}),
    ("attempts", {"id": "attempt_1", "run_id": "run_1", "number": 1, "state": "running", "claimed_at": NOON}),
    ("run_metrics", {"run_id": "run_1", "name": "auc", "value": 0.9}),
    ("reservations", {**HELD, "id": "res_1", "holder": "endpoint_1", "active_at": NOON}),
    ("reservations", {**HELD, "id": "res_2", "holder": "attempt_0", "released_at": NOON}),
    ("endpoints", {"id": "endpoint_1", "name": "churn", "target": "dev", "port": 1, "generation": 1}),
    ("endpoint_keys", {"endpoint_id": "endpoint_1", "hash": "a" * 64, "created_by": "ada"}),
)
# What a row has where it is not said.
COMMON: dict[str, Any] = {
    "project_id": "default",
    "created_at": NOON,
    "updated_at": NOON,
    "created_by": "ada",
    "state": "running",
    "retries": 0,
    "launches": 1,
    "cancel_requested": False,
    "start_anyway": False,
    "open": False,
    "deleting": False,
    "rate_per_hour": 0.5,
}


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Database]:
    """A database of the first schema, with an attempt under way, a metric and a key."""
    db = Database(f"sqlite:///{tmp_path / 'gristmill.db'}")
    upgrade_to(db, "0001")
    with db.write() as tx:
        fill(tx)
    yield db
    db.close()


def upgrade_to(db: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def fill(tx: sa.Connection) -> None:
    for name, given in ROWS:
        table = sa.Table(name, sa.MetaData(), autoload_with=tx)
        common = {column: value for column, value in COMMON.items() if column in table.c}
        tx.execute(sa.insert(table).values({**common, **given}))


def test_what_the_first_schema_held_is_there_after_the_upgrade(old: Database) -> None:
    schema.upgrade(old)
    with old.read() as tx:
        assert tx.exec_driver_sql("SELECT name, value FROM run_metrics").all() == [("auc", 0.9)]
        assert tx.exec_driver_sql("SELECT hash, name FROM endpoint_keys").all() == [("a" * 64, None)]
        granted = tx.exec_driver_sql("SELECT subject, digest FROM blob_grants ORDER BY digest").all()
    # An attempt under way may go on reading its snapshot and naming what it has sent.
    assert granted == [("attempt_1", DIGEST), ("attempt_1", READ)]


def test_the_texts_of_all_runs_are_found_after_the_upgrade_also_of_more_than_a_portion(old: Database) -> None:
    with old.write() as tx:
        runs = sa.Table("runs", sa.MetaData(), autoload_with=tx)
        first = dict(tx.execute(sa.select(runs)).mappings().one())
        tx.execute(sa.insert(runs), [{**first, "id": f"run_{n:05}", "number": n} for n in range(2, 2502)])
    schema.upgrade(old)
    with old.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*), count(DISTINCT run_id) FROM run_texts").one() == (2501, 2501)


def test_an_attempt_under_way_holds_what_its_secrets_have(old: Database) -> None:
    upgrade_to(old, "0012")
    with old.write() as tx:
        tx.exec_driver_sql("""UPDATE runs SET secrets = '[{"name": "TOKEN"}, {"name": "GONE"}]'""")
        secrets = sa.Table("secrets", sa.MetaData(), autoload_with=tx)
        made = {"project_id": "default", "created_by": "ada", "created_at": NOON, "changed_at": NOON}
        for name in ("TOKEN", "OTHER"):
            tx.execute(sa.insert(secrets).values(**made, name=name, vault="encrypted", sealed="sealed"))
    schema.upgrade(old)
    with old.read() as tx:
        held = tx.exec_driver_sql("SELECT attempt_id, name, vault, sealed FROM attempt_secrets").all()
    assert held == [("attempt_1", "TOKEN", "encrypted", "sealed")]


def test_reservations_are_kept_and_a_holder_may_have_one_after_the_other(old: Database) -> None:
    schema.upgrade(old)
    with old.write() as tx:
        reservations = tx.exec_driver_sql("SELECT id, holder, rate_per_hour FROM reservations ORDER BY id").all()
        assert reservations == [("res_1", "endpoint_1", 0.5), ("res_2", "attempt_0", 0.5)]
        again = "INSERT INTO reservations SELECT '{}', project_id, '{}', subjects, profile, cpu, memory, accelerators, "
        again += "rate_per_hour, requested_at, active_at, NULL FROM reservations WHERE id = 'res_1'"
        tx.exec_driver_sql(again.format("res_3", "attempt_0"))
    with pytest.raises(sa.exc.IntegrityError), old.write() as tx:
        tx.exec_driver_sql(again.format("res_4", "endpoint_1"))


def test_a_copy_of_the_database_is_kept(old: Database, tmp_path: Path) -> None:
    schema.upgrade(old)
    copy = tmp_path / "gristmill.db.before-0001"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_upgrading_again_changes_nothing(old: Database, tmp_path: Path) -> None:
    schema.upgrade(old)
    (tmp_path / "gristmill.db.before-0001").unlink()
    schema.upgrade(old)
    assert not list(tmp_path.glob("*.before-*"))


def test_a_schema_that_is_newer_than_the_program_is_refused(old: Database) -> None:
    with old.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(schema.NewerSchemaError, match="9999"):
        schema.upgrade(old)


def test_the_migrations_make_the_tables_that_the_program_knows(old: Database) -> None:
    schema.upgrade(old)
    with old.engine.connect() as connection:
        # What texts are found by is SQLite's own, with tables below it that nobody else knows.
        known = {"include_name": lambda name, kind, _parents: kind != "table" or not name.startswith("run_texts")}
        differences = compare_metadata(MigrationContext.configure(connection, opts=known), metadata)
    assert differences == []
