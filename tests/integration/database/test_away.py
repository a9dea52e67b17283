"""A PostgreSQL that goes away, loses connections and comes back."""

import logging
import signal
import threading
from collections.abc import Iterator

import pytest

from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.database_faults import DatabaseAwayError
from gristmill.core.errors import GristmillError, InvalidInputError
from gristmill.core.events import Wakeup, append, read_after
from gristmill.core.lease import Leadership
from gristmill.core.notifications import Listener
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from gristmill.server import schema
from tests.postgres import PASSWORD, TEMPLATE, Postgres, programs, server
from tests.waiting import until

CLOCK = SystemClock()
LONG = 3600.0


@pytest.fixture
def db(own_postgres_url: str) -> Iterator[Database]:
    database = Database(own_postgres_url)
    with database.write() as tx:
        ensure_default(tx, CLOCK.now())
    yield database
    database.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    """One that tests may stop."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's server is not installed (Debian and Ubuntu: apt-get install postgresql)")
    with server(found) as postgres:
        postgres.execute(f"CREATE DATABASE {TEMPLATE}")
        yield postgres


def write(db: Database) -> None:
    with db.write() as tx:
        append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject="s")


SESSIONS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
LISTENING = f"{SESSIONS} AND query LIKE 'LISTEN%'"


def terminate(postgres: Postgres, db: Database, which: str = SESSIONS) -> int:
    """Ends sessions on the server's side; how many."""
    return len(postgres.execute(f"SELECT pg_terminate_backend(pid) {which}", db.url.database or ""))


def test_another_process_is_woken_by_a_commit_and_again_after_its_connection_broke(
    db: Database, own_postgres_url: str, postgres_server: Postgres
) -> None:
    """What was committed while nobody listened is found, too: connecting again wakes the readers."""
    wakeup = Wakeup()
    listener = Listener(Database(own_postgres_url), wakeup.set)
    listener.start()
    try:
        until(lambda: wakeup.ticks, what="it listens")
        seen = wakeup.ticks
        write(db)
        assert wakeup.wait(seen, timeout=LONG) > seen
        seen = wakeup.ticks
        assert terminate(postgres_server, db, LISTENING) == 1
        write(db)
        assert wakeup.wait(seen, timeout=LONG) > seen
        until(lambda: listens(postgres_server, db), what="it listens again")
        until(lambda: settled(wakeup), what="nothing more is heard")
        seen = wakeup.ticks
        write(db)
        assert wakeup.wait(seen, timeout=LONG) > seen
    finally:
        listener.stop()


def listens(postgres: Postgres, db: Database) -> bool:
    return bool(postgres.execute(f"SELECT 1 {LISTENING}", db.url.database or ""))


def settled(wakeup: Wakeup) -> bool:
    before = wakeup.ticks
    return wakeup.wait(before, timeout=0.2) == before


def test_connections_that_were_ended_on_the_other_side_are_replaced(db: Database, postgres_server: Postgres) -> None:
    write(db)
    assert terminate(postgres_server, db) >= 1
    write(db)
    with db.read() as tx:
        assert len(read_after(tx, project_id=DEFAULT_PROJECT, after=0).events) == 2


def test_a_transaction_whose_session_ends_leaves_nothing(db: Database, postgres_server: Postgres) -> None:
    def lose() -> None:
        with db.write() as tx:
            append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject="lost")
            terminate(postgres_server, db)

    with pytest.raises(DatabaseAwayError):
        lose()
    with db.read() as tx:
        assert read_after(tx, project_id=DEFAULT_PROJECT, after=0).events == ()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_database_that_comes_back_has_what_was_committed_and_its_leader(
    own_server: Postgres, how: signal.Signals
) -> None:
    db = Database(own_server.address(own_server.create(TEMPLATE)))
    schema.upgrade(db)
    with db.write() as tx:
        ensure_default(tx, CLOCK.now())
    leader = Leadership(db, CLOCK, "first")
    assert leader.renew()
    write(db)
    own_server.stop(how)
    for act in (lambda: write(db), leader.renew, lambda: schema.state(db)):
        with pytest.raises(DatabaseAwayError) as caught:
            act()
        assert PASSWORD not in f"{caught.value.message} {caught.value.__cause__!r}"
    own_server.start()
    write(db)
    assert leader.renew()
    with db.read() as tx:
        assert [event.seq for event in read_after(tx, project_id=DEFAULT_PROJECT, after=0).events] == [1, 2]
    db.close()


def test_a_follower_does_not_count_the_time_in_which_nobody_saw_anything(own_server: Postgres) -> None:
    db = Database(own_server.address(own_server.create(TEMPLATE)))
    schema.upgrade(db)
    with db.write() as tx:
        ensure_default(tx, CLOCK.now())
    follower = Leadership(db, CLOCK, "second", patience=0.5)
    assert Leadership(db, CLOCK, "first").renew()
    assert not follower.renew()
    own_server.stop()
    away = threading.Event()
    away.wait(0.6)  # longer than its patience
    with pytest.raises(DatabaseAwayError):
        follower.renew()
    own_server.start()
    assert not follower.renew()
    db.close()


def test_no_password_is_in_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A server that is not there, a wrong password, an address that cannot be read."""
    caplog.set_level(logging.DEBUG)
    said = []
    for url in (
        f"postgresql://ada:{PASSWORD}@127.0.0.1:1/gristmill",
        f"postgresql://ada:{PASSWORD}@no-such-host.invalid/gristmill",
        f"postgresql://ada:{PASSWORD}@127.0.0.1:port/gristmill",
        f"mysql://ada:{PASSWORD}@127.0.0.1/gristmill",
    ):
        with pytest.raises(GristmillError) as caught, Database(url).read():
            pytest.fail("there is no such database")
        said += [caught.value.message, str(caught.value.hint), repr(caught.value.__cause__)]
    assert not [text for text in (*said, caplog.text) if PASSWORD in text]
    assert PASSWORD not in repr(Database(f"postgresql://ada:{PASSWORD}@127.0.0.1/x").engine)


def test_a_wrong_password_is_said_without_it(postgres_server: Postgres) -> None:
    wrong = postgres_server.url().set(password="wrong-secret")
    with pytest.raises(DatabaseAwayError, match="password authentication failed") as caught, Database(wrong).read():
        pytest.fail("it let us in")
    assert "wrong-secret" not in f"{caught.value.message} {caught.value.__cause__!r}"


def test_what_does_not_fit_a_column_is_the_callers_fault(db: Database) -> None:
    with pytest.raises(InvalidInputError, match="too long"), db.write() as tx:
        append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k" * 100, subject="s")
