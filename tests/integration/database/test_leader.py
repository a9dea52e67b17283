"""One leader on one PostgreSQL: taken over when it is silent, fenced when it comes back."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.events import append, read_after
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from tests.waiting import until

CLOCK = SystemClock()
PATIENCE = 1.0

# A leader that says what it does, and pauses itself where it says so.
LEADER = """
import os, signal, sys
from gristmill.core.clock import SystemClock
from gristmill.core.database import Database
from gristmill.core.events import append
from gristmill.core.lease import Leadership

db, clock = Database(sys.argv[1]), SystemClock()
leader = Leadership(db, clock, "paused", patience=1.0)
assert leader.renew()
def write(before_commit):
    with leader.write() as tx:
        append(tx, project_id="default", time=clock.now(), kind="k", subject="paused")
        if before_commit:
            print("inside", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
try:
    print("before", flush=True)
    if sys.argv[2] == "before":
        os.kill(os.getpid(), signal.SIGSTOP)
    write(sys.argv[2] == "inside")
    print("written", flush=True)
except Exception as error:
    print(type(error).__name__, flush=True)
"""


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    with database.write() as tx:
        ensure_default(tx, CLOCK.now())
    yield database
    database.close()


def subjects(db: Database) -> list[str]:
    with db.read() as tx:
        return [event.subject for event in read_after(tx, project_id=DEFAULT_PROJECT, after=0).events]


@pytest.mark.parametrize("where", ["before", "inside"])
def test_a_leader_that_was_paused_writes_nothing_when_it_wakes_up(db: Database, postgres_url: str, where: str) -> None:
    """Paused between two transactions or within one: the other has taken over meanwhile, and what it writes stands."""
    paused = subprocess.Popen(
        [sys.executable, "-c", LEADER, postgres_url, where],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert paused.stdout is not None
    try:
        until(lambda: paused.stdout is not None and paused.stdout.readline().strip() == where, what=where)
        until(lambda: psutil.Process(paused.pid).status() == psutil.STATUS_STOPPED, what="it is paused")
        follower = Leadership(db, CLOCK, "follower", patience=PATIENCE)
        until(lambda: leads(follower), timeout=20, what="the follower leads")
        with follower.write() as tx:
            append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject="follower")
        paused.send_signal(signal.SIGCONT)
        said = paused.communicate(timeout=30)[0].split()
    finally:
        paused.kill()
        paused.wait()
        paused.stdout.close()
    assert said == ["NotLeaderError" if where == "before" else "DatabaseAwayError"]
    assert subjects(db) == ["follower"]


def leads(follower: Leadership) -> bool:
    """One look; while the paused one's transaction is open, it may have to be waited for."""
    try:
        return follower.renew()
    except UnavailableError:
        return False


def test_a_silent_leader_is_replaced_within_seconds_and_not_before(db: Database) -> None:
    first, second = (Leadership(db, CLOCK, name, patience=PATIENCE) for name in ("first", "second"))
    assert first.renew()
    began = time.monotonic()
    assert not second.renew()
    until(second.renew, timeout=30, what="the second leads")
    assert time.monotonic() - began >= PATIENCE
    with pytest.raises(NotLeaderError), first.write():
        pytest.fail("a deposed leader got a transaction")


def test_a_lease_that_was_given_back_is_taken_at_once(db: Database) -> None:
    first, second = (Leadership(db, CLOCK, name, patience=3600) for name in ("first", "second"))
    assert first.renew()
    assert not second.renew()
    first.give_back()
    assert second.renew()
    assert not first.renew()


def test_many_that_ask_at_once_make_one_leader(db: Database, postgres_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    others = [Leadership(db, CLOCK, f"plane{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(Leadership.renew, others)) == 1
    assert sum(other.leading for other in others) == 1
