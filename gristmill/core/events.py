"""The event log: state changes, cell boundaries and metrics, in the order in which they were committed.

The sequence comes from a counter row that the writing transaction locks, last of all its rows and until its commit: so
a reader that has seen event n will never meet a new one below n. A worker's events are unique on (attempt, n): sent
twice, they are stored once.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import (
    NAMES_BLOBS,
    Tx,
    defer,
    flush,
    flushed_by,
    json_column,
    metadata,
    project_column,
    time_column,
    upsert,
)
from gristmill.core.wire import Event, EventPage

counters = sa.Table(
    "counters",
    metadata,
    project_column(),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("project_id", "name"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    project_column(),
    time_column("time", nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False, index=True),  # the run or endpoint it is about
    sa.Column("attempt", sa.String(40)),
    sa.Column("n", sa.BigInteger),
    json_column("data", nullable=False, info=NAMES_BLOBS),
    sa.UniqueConstraint("attempt", "n"),
)


def next_number(tx: Tx, project_id: str, name: str, by: int = 1) -> int:
    """1, 2, 3 … for this name in this project, or the last of the `by` numbers taken.

    The row stays locked until the transaction ends.
    """
    values = {"project_id": project_id, "name": name, "value": by}
    return int(tx.execute(_step(tx.dialect.name), values).scalar_one())


@cache
def _step(dialect: str) -> Any:
    step = upsert(dialect, counters)
    step = step.on_conflict_do_update(
        index_elements=[counters.c.project_id, counters.c.name], set_={"value": counters.c.value + step.excluded.value}
    )
    return step.returning(counters.c.value)


def append(
    tx: Tx,
    *,
    project_id: str,
    time: datetime,
    kind: str,
    subject: str,
    data: dict[str, Any] | None = None,
    attempt: str | None = None,
    n: int | None = None,
) -> None:
    """The event gets its number and becomes visible, in order, when `tx` commits."""
    row = {
        "project_id": project_id,
        "time": time,
        "kind": kind,
        "subject": subject,
        "data": data or {},
        "attempt": attempt,
        "n": n,
    }
    defer(tx, "events", row)


@flushed_by("events")
def _write(tx: Tx, rows: list[dict[str, Any]]) -> None:
    # One sequence for all projects: a stream over several of them has one cursor.
    first = next_number(tx, SEQUENCE_OWNER, _SEQUENCE, by=len(rows)) - len(rows) + 1
    tx.execute(sa.insert(events), [{"seq": seq, **row} for seq, row in enumerate(rows, start=first)])


SEQUENCE_OWNER = "default"
_SEQUENCE = "events"
_REMOVED = "events removed"


def last_of_attempt(tx: Tx, attempt: str) -> int:
    """The highest n held of a worker's events, 0 for none."""
    flush(tx)
    return tx.scalar(sa.select(sa.func.coalesce(sa.func.max(events.c.n), 0)).where(events.c.attempt == attempt)) or 0


def read_after(
    tx: Tx, *, project_id: str, after: int, subject: str | None = None, kinds: Iterable[str] = (), limit: int = 500
) -> EventPage:
    """At most `limit` events behind the cursor `after`, oldest first.

    `reset`: some that were behind it are not kept any more; or it is ahead of the log, as after a backup was restored,
    and `next` is where that ends.
    """
    flush(tx)
    removed, newest = _bounds(tx) if after else (0, 0)
    if after > newest:
        return EventPage(events=(), next=newest, reset=True)
    query = sa.select(events).where(events.c.project_id == project_id, events.c.seq > after)
    if subject is not None:
        query = query.where(events.c.subject == subject)
    if wanted := list(kinds):
        query = query.where(events.c.kind.in_(wanted))
    rows = [Event(**row) for row in tx.execute(query.order_by(events.c.seq).limit(limit)).mappings()]
    return EventPage(events=tuple(rows), next=rows[-1].seq if rows else max(after, removed), reset=after < removed)


def expire(tx: Tx, before: datetime, limit: int) -> int:
    """Removes the oldest events, up to the first that is not from before then; how many of the `limit` looked at."""
    oldest = tx.execute(sa.select(events.c.seq, events.c.time).order_by(events.c.seq).limit(limit)).all()
    last = next((seq - 1 for seq, time in oldest if time >= before), oldest[-1].seq if oldest else 0)
    old = [seq for seq, _ in oldest if seq <= last]
    if old:
        tx.execute(sa.delete(events).where(events.c.seq <= old[-1]))
        next_number(tx, SEQUENCE_OWNER, _REMOVED, by=old[-1] - _removed_to(tx))
    return len(old)


def forget(tx: Tx, subject: str) -> None:
    """What was said of this run or endpoint is not kept any longer than it."""
    flush(tx)
    tx.execute(sa.delete(events).where(events.c.subject == subject))


def _removed_to(tx: Tx) -> int:
    return _bounds(tx)[0]


def _bounds(tx: Tx) -> tuple[int, int]:
    """The last event that is not kept any more, to where one may have read and missed nothing; and the newest."""
    names = (_REMOVED, _SEQUENCE)
    where = (counters.c.project_id == SEQUENCE_OWNER, counters.c.name.in_(names))
    found = {row.name: row.value for row in tx.execute(sa.select(counters.c.name, counters.c.value).where(*where))}
    return found.get(_REMOVED, 0), found.get(_SEQUENCE, 0)


def last_seq(tx: Tx, project_id: str) -> int:
    return (
        tx.scalar(sa.select(sa.func.coalesce(sa.func.max(events.c.seq), 0)).where(events.c.project_id == project_id))
        or 0
    )


class Wakeup:
    """Wakes who waits for news. It carries nothing: a waker that was missed costs a delay, never an event."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._ticks = 0
        self._listeners: set[Callable[[], object]] = set()

    def set(self) -> None:
        with self._condition:
            self._ticks += 1
            self._condition.notify_all()
            for listener in self._listeners:
                listener()

    @contextmanager
    def listening(self, listener: Callable[[], object]) -> Iterator[None]:
        """Calls `listener`, which must not block, at every tick within the block."""
        with self._condition:
            self._listeners.add(listener)
        try:
            yield
        finally:
            with self._condition:
                self._listeners.discard(listener)

    @property
    def ticks(self) -> int:
        return self._ticks

    def wait(self, seen: int, timeout: float) -> int:
        """The ticks, as soon as they differ from `seen` or `timeout` seconds have passed."""
        with self._condition:
            self._condition.wait_for(lambda: self._ticks != seen, timeout)
            return self._ticks
