"""`gristmill db upgrade` beside a control plane."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.database_faults import DatabaseAwayError
from gristmill.core.lease import Leadership, leases, renewed
from gristmill.projects.store import ensure_default
from gristmill.server import database, schema
from tests.unit.conftest import TestClock


@contextmanager
def leading(db: Database) -> Iterator[Leadership]:
    """A control plane that renews the lease."""
    leader, stopped = Leadership(db, SystemClock(), "server_1"), threading.Event()
    leader.take_over()

    def renew() -> None:
        while not stopped.wait(0.1):
            leader.renew()

    thread = threading.Thread(target=renew)
    thread.start()
    yield leader
    stopped.set()
    thread.join()


def test_who_renews_the_lease_is_seen_and_who_has_ended_is_not(db: Database) -> None:
    clock = SystemClock()
    assert renewed(db, clock, within=5) is None
    with leading(db) as leader:
        assert renewed(db, clock, within=30) == "server_1"
    assert renewed(db, clock, within=0.5) is None, "it was killed"
    leader.give_back()
    assert renewed(db, clock, within=60) is None, "at once"


def test_an_upgrade_is_refused_while_a_control_plane_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_HOME", str(tmp_path))
    assert database.main(["upgrade"]) == 0
    db = Database(f"sqlite:///{tmp_path / 'gristmill.db'}")
    upgraded: list[Database] = []
    monkeypatch.setattr(schema, "upgrade", upgraded.append)
    with db.write() as tx:
        ensure_default(tx, SystemClock().now())
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with leading(db):
        assert database.main(["upgrade"]) == 5
        assert upgraded == []
        assert database.main(["upgrade", "--force"]) == 0
    assert len(upgraded) == 1
    with db.write() as tx:
        tx.execute(sa.update(leases).values(holder=""))
    assert database.main(["upgrade"]) == 0
    assert len(upgraded) == 2
    db.close()


class Comes:
    """A database that does not answer before it was asked so often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.asked, self._after, self._state = 0, after, schema.state
        monkeypatch.setattr(schema, "state", self.state)

    def state(self, db: Database) -> schema.SchemaState:
        self.asked += 1
        if self.asked <= self._after:
            raise DatabaseAwayError("the database postgresql://there does not answer: connection refused")
        return self._state(db)


def test_a_database_that_comes_later_is_waited_for_and_that_is_said_once(
    db: Database, clock: TestClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    comes = Comes(monkeypatch, after=20)
    assert database.until_there(db, clock, clock.advance).is_current
    assert comes.asked == 21
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("waiting for the database, at most 300 s: ")
    assert "connection refused" in line


def test_one_that_never_comes_is_given_up(
    db: Database, clock: TestClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Comes(monkeypatch, after=100_000)
    with pytest.raises(DatabaseAwayError, match=r"connection refused \(waited for 300 s\)"):
        database.until_there(db, clock, clock.advance)
    assert "waiting" in capsys.readouterr().err


def test_a_database_that_is_there_is_brought_to_this_version_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRISTMILL_HOME", str(tmp_path))
    assert database.main(["upgrade", "--wait"]) == 0
    assert capsys.readouterr().err == ""
    assert database.main(["--wait"]) == 3
