"""The event log: state changes, cell boundaries and metrics, in the order in which they were committed.

The sequence comes from a counter row that the writing transaction locks, so a reader that has seen event n will never
meet a new one below n. A worker's events are unique on (attempt, n): sent twice, they are stored once.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gristmill.core.database import Tx, json_column, metadata, project_column, time_column
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
    json_column("data", nullable=False),
    sa.UniqueConstraint("attempt", "n"),
)


def next_number(tx: Tx, project_id: str, name: str) -> int:
    """1, 2, 3 … for this name in this project; the row stays locked until the transaction ends."""
    step = (
        sa.update(counters)
        .where(counters.c.project_id == project_id, counters.c.name == name)
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    value = tx.scalar(step)
    if value is None:
        tx.execute(sa.insert(counters).values(project_id=project_id, name=name, value=1))
        value = 1
    return int(value)


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
) -> int:
    """The sequence number of the new event. It becomes visible, in order, when `tx` commits."""
    # One sequence for all projects: a stream over several of them has one cursor.
    seq = next_number(tx, SEQUENCE_OWNER, "events")
    tx.execute(
        sa.insert(events).values(
            seq=seq,
            project_id=project_id,
            time=time,
            kind=kind,
            subject=subject,
            data=data or {},
            attempt=attempt,
            n=n,
        )
    )
    return seq


SEQUENCE_OWNER = "default"


def last_of_attempt(tx: Tx, attempt: str) -> int:
    """The highest n held of a worker's events, 0 for none."""
    return tx.scalar(sa.select(sa.func.coalesce(sa.func.max(events.c.n), 0)).where(events.c.attempt == attempt)) or 0


def read_after(
    tx: Tx, *, project_id: str, after: int, subject: str | None = None, kinds: Iterable[str] = (), limit: int = 500
) -> EventPage:
    """At most `limit` events behind the cursor `after`, oldest first."""
    query = sa.select(events).where(events.c.project_id == project_id, events.c.seq > after)
    if subject is not None:
        query = query.where(events.c.subject == subject)
    if wanted := list(kinds):
        query = query.where(events.c.kind.in_(wanted))
    rows = [Event(**row) for row in tx.execute(query.order_by(events.c.seq).limit(limit)).mappings()]
    return EventPage(events=tuple(rows), next=rows[-1].seq if rows else after)


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
