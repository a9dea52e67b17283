"""Many writers on one PostgreSQL, from two control planes: what a reader sees, and that nobody waits for ever."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gristmill.core import audit, blobs, tokens
from gristmill.core.clock import SystemClock
from gristmill.core.database import Database, Tx, flush, lock_names
from gristmill.core.events import append, read_after
from gristmill.core.scopes import PERSON_SCOPES, Actor, ActorKind, Scope
from gristmill.core.tokens import find_or_create_actor
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from tests.waiting import until

CLOCK = SystemClock()
WRITERS, EACH = 12, 40
ADA = Actor(
    id="actor_1", project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=frozenset(PERSON_SCOPES)
)


@pytest.fixture
def planes(postgres_url: str) -> Iterator[tuple[Database, Database]]:
    """Two control planes' databases, which are one."""
    first, second = Database(postgres_url), Database(postgres_url)
    with first.write() as tx:
        ensure_default(tx, CLOCK.now())
    yield first, second
    first.close()
    second.close()


def write_event(db: Database, subject: str) -> None:
    with db.write() as tx:
        append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject=subject)
        audit.record(tx, ADA, time=CLOCK.now(), action="a", subject=subject)


def test_a_reader_by_cursor_misses_nothing_that_commits_late(planes: tuple[Database, Database]) -> None:
    """It reads from one control plane while both write; it sees every event once and in order."""

    def write(n: int) -> None:
        for _ in range(EACH):
            write_event(planes[n % 2], f"w{n}")

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    while any(writer.is_alive() for writer in writers) or len(seen) < WRITERS * EACH:
        with planes[0].read() as tx:
            page = read_after(tx, project_id=DEFAULT_PROJECT, after=seen[-1] if seen else 0)
        seen += [event.seq for event in page.events]
    assert seen == list(range(1, WRITERS * EACH + 1))
    with planes[1].read() as tx:
        verdict = audit.verify(tx)
    assert (verdict.entries, verdict.broken_at) == (WRITERS * EACH, None)


def test_who_has_taken_a_number_is_waited_for(planes: tuple[Database, Database]) -> None:
    """A later number is not visible while an earlier one may still come."""
    first, second = planes

    def seen() -> list[str]:
        with first.read() as tx:
            return [event.subject for event in read_after(tx, project_id=DEFAULT_PROJECT, after=0).events]

    with ThreadPoolExecutor(1) as others:
        with first.write() as tx:
            append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject="early")
            flush(tx)  # its number is taken
            late = others.submit(write_event, second, "late")
            until(lambda: waiting(second), what="the other writer waits")
            assert seen() == []
        late.result(30)
    assert seen() == ["early", "late"]


def test_an_actor_is_not_forgotten_while_it_is_given_a_token(planes: tuple[Database, Database]) -> None:
    """Whoever is first: the other one's token has an actor."""
    first, second = planes

    def give(tx: Tx, subject: str) -> str:
        made = {"project_id": DEFAULT_PROJECT, "kind": ActorKind.WORKER, "name": "worker", "scopes": frozenset[Scope]()}
        return tokens.issue(tx, **made, now=CLOCK.now(), subject=subject)  # type: ignore[arg-type]  # as given above

    def give_another(subject: str) -> str:
        with second.write() as tx:
            return give(tx, subject)

    def forget(tx: Tx) -> int:
        return tokens.forget(tx, CLOCK.now() + timedelta(hours=1), 100)

    def revoke(subject: str) -> None:
        with first.write() as tx:
            tokens.revoke_subject(tx, subject, CLOCK.now())

    give_another("one")
    revoke("one")
    with first.write() as tx:
        find_or_create_actor(tx, project_id=DEFAULT_PROJECT, kind=ActorKind.WORKER, name="worker", now=CLOCK.now())
        with second.write() as collecting:
            assert forget(collecting) == 1
        given = give(tx, "two")
    with first.read() as tx:
        assert tokens.authenticate(tx, given, CLOCK.now()).subject == "two"
    revoke("two")
    with ThreadPoolExecutor(1) as others:
        with first.write() as tx:
            assert forget(tx) == 1
            late = others.submit(give_another, "three")
            until(lambda: waiting(second), what="the other one waits")
        with second.read() as tx:
            assert tokens.authenticate(tx, late.result(30), CLOCK.now()).subject == "three"


def waiting(db: Database) -> int:
    """How many sessions of this database wait for a lock."""
    with db.read() as tx:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return int(tx.exec_driver_sql(query).scalar_one())


def test_who_writes_in_any_order_locks_in_one(planes: tuple[Database, Database]) -> None:
    """Events before audit entries and after them, names in either order: no two transactions wait for each other."""

    def forwards(n: int) -> None:
        with planes[0].write() as tx:
            lock_names(tx, ["person:ada", "project:x"])
            append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject=str(n))
            audit.record(tx, ADA, time=CLOCK.now(), action="a", subject=str(n))

    def backwards(n: int) -> None:
        with planes[1].write() as tx:
            lock_names(tx, ["project:x", "person:ada"])
            audit.record(tx, ADA, time=CLOCK.now(), action="a", subject=str(n))
            append(tx, project_id=DEFAULT_PROJECT, time=CLOCK.now(), kind="k", subject=str(n))

    at_once(*[act for n in range(60) for act in (lambda n=n: forwards(n), lambda n=n: backwards(n))])
    with planes[0].read() as tx:
        assert audit.verify(tx).entries == 120


def test_what_two_make_at_the_same_moment_is_made_once(planes: tuple[Database, Database]) -> None:
    digest = "sha256:" + "0" * 64

    def issue(db: Database) -> None:
        with db.write() as tx:
            blobs.remember(tx, project_id=DEFAULT_PROJECT, digest=digest, size=1, now=CLOCK.now())
            tokens.issue(
                tx,
                project_id=DEFAULT_PROJECT,
                kind=ActorKind.WORKER,
                name="worker of train",
                scopes=frozenset(),
                now=CLOCK.now(),
            )

    at_once(*[lambda n=n: issue(planes[n % 2]) for n in range(40)])
    with planes[0].read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM actors").scalar_one() == 1
        assert tx.exec_driver_sql("SELECT count(*) FROM tokens").scalar_one() == 40
        assert blobs.held(tx, DEFAULT_PROJECT, [digest]) == {digest: 1}


def at_once(*acts: Callable[[], None]) -> None:
    with ThreadPoolExecutor(12) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result(60)
