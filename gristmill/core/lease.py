"""One leader at a time: a lease row with a fencing number that every write of the leader checks.

No wall clocks are compared: a follower takes over when it has seen the same (holder, counter) for `patience` seconds on
its own monotonic clock. While the database is away nobody sees anything, and nobody's time runs out.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx, insert_new, metadata, project_column
from gristmill.core.errors import ConflictError, UnavailableError
from gristmill.core.events import SEQUENCE_OWNER

PATIENCE = 5.0  # seconds; several renewals of the leader
_LOOK = 0.2  # seconds between two looks from outside
NOBODY = ""  # the holder of a lease that was given back

leases = sa.Table(
    "leases",
    metadata,
    project_column(),
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("counter", sa.BigInteger, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
)


def renewed(db: Database, clock: Clock, *, within: float, name: str = "control") -> str | None:
    """The holder that is seen to renew the lease within so many seconds, looked at from outside; None: nobody does."""
    query = sa.select(leases.c.holder, leases.c.counter).where(leases.c.name == name)
    first: tuple[Any, ...] | None = None
    until = clock.monotonic() + within
    while True:
        with db.read() as tx:
            row = tx.execute(query).one_or_none()
        if row is None or row.holder == NOBODY:
            return None
        first = first or tuple(row)
        if tuple(row) != first:
            return str(row.holder)
        if clock.monotonic() >= until:
            return None
        time.sleep(_LOOK)


class NotLeaderError(ConflictError):
    code = "not_leader"
    title = "Another control plane leads"


class Leadership:
    """What one control plane knows of the lease. A thread of its own calls `renew`; `write` fences the loop's
    transactions.
    """

    def __init__(
        self, db: Database, clock: Clock, holder: str, *, name: str = "control", patience: float = PATIENCE
    ) -> None:
        self._db, self._clock, self.holder, self._name, self._patience = db, clock, holder, name, patience
        self._seen: tuple[str, int] | None = None
        self._seen_at = 0.0
        self._fence: int | None = None

    @property
    def leading(self) -> bool:
        """What was so at the last look; only `write` is certain."""
        return self._fence is not None

    def renew(self) -> bool:
        """Renews, takes or watches the lease; True while this control plane leads.

        Raises:
            UnavailableError: the database is away; who led before it will find itself leading after it.
        """
        try:
            with self._db.write(wake=False) as tx:
                fence = self._renewed(tx) if self._fence is not None else None
                if fence is None:
                    fence = self._taken(tx)
        except UnavailableError:
            self._seen = None
            raise
        self._fence = fence
        return self.leading

    def take_over(self) -> None:
        """Leads at once: for a control plane that holds its home's lock, which proves that no other one lives."""
        with self._db.write(wake=False) as tx:
            self._ensure_row(tx)
            fence = tx.scalar(self._change(fence=leases.c.fence + 1).returning(leases.c.fence))
        self._fence = fence

    def give_back(self) -> None:
        """At a clean end: a follower need not wait for its patience to end."""
        fence, self._fence = self._fence, None
        if fence is not None:
            with self._db.write(wake=False) as tx:
                tx.execute(self._change(leases.c.fence == fence, holder=NOBODY))

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction of the leader.

        The lease's row stays locked against a taker until it ends: what is written in it was written by the leader.

        Raises:
            NotLeaderError: another one has taken the lease; nothing is written.
        """
        fence = self._fence
        with self._db.write() as tx:
            mine = sa.select(leases.c.fence).where(leases.c.name == self._name, leases.c.fence == fence)
            if fence is None or tx.scalar(mine.with_for_update(read=True)) is None:
                self._fence = None
                raise NotLeaderError("this control plane no longer leads; another one has taken over")
            yield tx

    def _renewed(self, tx: Tx) -> int | None:
        mine = self._change(leases.c.fence == self._fence, leases.c.holder == self.holder)
        return self._fence if tx.execute(mine).rowcount == 1 else None

    def _taken(self, tx: Tx) -> int | None:
        """The new fence, if the lease is free to take and nobody else was quicker."""
        row = tx.execute(sa.select(leases).where(leases.c.name == self._name)).one_or_none()
        if row is None:
            self._ensure_row(tx)
            row = tx.execute(sa.select(leases).where(leases.c.name == self._name)).one()
        if row.holder != NOBODY and not self._expired(row.holder, row.counter):
            return None
        unchanged = (leases.c.fence == row.fence, leases.c.counter == row.counter, leases.c.holder == row.holder)
        taken: int | None = tx.scalar(self._change(*unchanged, fence=leases.c.fence + 1).returning(leases.c.fence))
        return taken

    def _ensure_row(self, tx: Tx) -> None:
        insert_new(
            tx, leases, {"project_id": SEQUENCE_OWNER, "name": self._name, "holder": NOBODY, "counter": 0, "fence": 0}
        )

    def _change(self, *where: sa.ColumnElement[bool], **values: Any) -> sa.Update:
        values = {"holder": self.holder, "counter": leases.c.counter + 1, **values}
        return sa.update(leases).where(leases.c.name == self._name, *where).values(**values)

    def _expired(self, holder: str, counter: int) -> bool:
        if self._seen != (holder, counter):
            self._seen, self._seen_at = (holder, counter), self._clock.monotonic()
        return self._clock.monotonic() - self._seen_at >= self._patience
