import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from gristmill.core.sqlite_copy import copy_database


def test_a_copy_has_what_is_in_the_write_ahead_log_and_is_its_owners_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "live.db", tmp_path / "copy.db"
    with closing(sqlite3.connect(source)) as live:
        live.execute("PRAGMA journal_mode=WAL")
        live.execute("CREATE TABLE t (x)")
        live.execute("INSERT INTO t VALUES (1)")
        live.commit()
        copy_database(source, target)
        assert sorted(one.name for one in tmp_path.iterdir()) == ["copy.db", "live.db", "live.db-shm", "live.db-wal"]
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT x FROM t").fetchall() == [(1,)]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_copy_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "live.db", tmp_path / "copy.db"
    source.write_bytes(b"no database, and longer than a database's head is" * 10)
    target.write_text("an earlier copy")
    with pytest.raises(sqlite3.DatabaseError):
        copy_database(source, target)
    assert target.read_text() == "an earlier copy"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["copy.db", "live.db"]
