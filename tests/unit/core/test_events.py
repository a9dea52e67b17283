import threading

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.events import Wakeup, append, last_of_attempt, next_number, read_after

PROJECT = "default"


def test_the_sequence_is_the_order_of_commits_under_concurrent_writers(db: Database, clock: Clock) -> None:
    """A reader that has seen event n never meets a new one below n."""

    def write(name: str) -> None:
        for _ in range(25):
            with db.write() as tx:
                append(tx, project_id=PROJECT, time=clock.now(), kind="k", subject=name)

    writers = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    while any(writer.is_alive() for writer in writers) or len(seen) < 100:
        with db.read() as tx:
            page = read_after(tx, project_id=PROJECT, after=seen[-1] if seen else 0)
        seen += [event.seq for event in page.events]
    assert seen == list(range(1, 101))


def test_a_page_goes_on_where_the_last_ended(db: Database, clock: Clock) -> None:
    with db.write() as tx:
        for n in range(5):
            append(tx, project_id=PROJECT, time=clock.now(), kind="k", subject="s", data={"n": n})
    with db.read() as tx:
        first = read_after(tx, project_id=PROJECT, after=0, limit=3)
        second = read_after(tx, project_id=PROJECT, after=first.next)
        third = read_after(tx, project_id=PROJECT, after=second.next)
    assert [event.data["n"] for event in (*first.events, *second.events)] == [0, 1, 2, 3, 4]
    assert third.events == ()
    assert third.next == second.next


def test_a_page_can_be_of_one_subject_and_of_some_kinds(db: Database, clock: Clock) -> None:
    with db.write() as tx:
        for kind, subject in (("a", "x"), ("b", "x"), ("a", "y")):
            append(tx, project_id=PROJECT, time=clock.now(), kind=kind, subject=subject)
    with db.read() as tx:
        assert [e.seq for e in read_after(tx, project_id=PROJECT, after=0, subject="x").events] == [1, 2]
        assert [e.seq for e in read_after(tx, project_id=PROJECT, after=0, kinds=["a"]).events] == [1, 3]
        assert read_after(tx, project_id="other", after=0).events == ()


def test_numbers_count_up_per_name(db: Database) -> None:
    with db.write() as tx:
        assert [next_number(tx, PROJECT, "runs") for _ in range(3)] == [1, 2, 3]
        assert next_number(tx, PROJECT, "other") == 1


def test_the_last_event_of_an_attempt_is_known(db: Database, clock: Clock) -> None:
    with db.write() as tx:
        assert last_of_attempt(tx, "attempt_1") == 0
        append(tx, project_id=PROJECT, time=clock.now(), kind="log", subject="r", attempt="attempt_1", n=1)
        append(tx, project_id=PROJECT, time=clock.now(), kind="log", subject="r", attempt="attempt_1", n=2)
        assert last_of_attempt(tx, "attempt_1") == 2


def test_a_waiter_is_woken_and_a_tick_before_the_wait_is_not_missed() -> None:
    wakeup = Wakeup()
    seen = wakeup.ticks
    wakeup.set()
    assert wakeup.wait(seen, timeout=30) == seen + 1
    threading.Timer(0.01, wakeup.set).start()
    assert wakeup.wait(wakeup.ticks, timeout=30) == seen + 2


def test_a_cursor_ahead_of_the_log_is_reset_to_its_end(db: Database, clock: Clock) -> None:
    """As after a restored backup: whoever has it would wait for numbers that are given again."""
    with db.write() as tx:
        for _ in range(3):
            append(tx, project_id=PROJECT, time=clock.now(), kind="k", subject="s")
    with db.read() as tx:
        ahead = read_after(tx, project_id=PROJECT, after=4)
        assert (ahead.reset, ahead.next, ahead.events) == (True, 3, ())
        assert not read_after(tx, project_id=PROJECT, after=3).reset
        assert not read_after(tx, project_id="other", after=3).reset, "one sequence for all projects"
