"""One leader at a time: a lease row with a fencing number that every write of the leader checks.

No wall clocks are compared: a follower takes over when it has seen the same (holder, counter) for `patience` seconds on
its own monotonic clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx, metadata, project_column
from gristmill.core.errors import ConflictError
from gristmill.core.events import SEQUENCE_OWNER

leases = sa.Table(
    "leases",
    metadata,
    project_column(),
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("counter", sa.BigInteger, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
)


class NotLeaderError(ConflictError):
    code = "not_leader"
    title = "Another control plane leads"


class Leadership:
    """What one control plane knows of the lease. `renew` is called by its loop; `write` fences its transactions."""

    def __init__(
        self, db: Database, clock: Clock, holder: str, *, name: str = "control", patience: float = 10.0
    ) -> None:
        self._db, self._clock, self._holder, self._name, self._patience = db, clock, holder, name, patience
        self._seen: tuple[str, int] | None = None
        self._seen_at = 0.0
        self._fence: int | None = None

    @property
    def leading(self) -> bool:
        return self._fence is not None

    def renew(self) -> bool:
        """Renews, takes or watches the lease; True while this control plane leads."""
        with self._db.write() as tx:
            row = tx.execute(sa.select(leases).where(leases.c.name == self._name).with_for_update()).one_or_none()
            if row is None:
                tx.execute(
                    sa.insert(leases).values(
                        project_id=SEQUENCE_OWNER, name=self._name, holder=self._holder, counter=1, fence=1
                    )
                )
                self._fence = 1
            elif row.holder == self._holder and row.fence == self._fence:
                self._advance(tx, row.counter)
            elif self._expired(row.holder, row.counter):
                self._fence = row.fence + 1
                self._advance(tx, row.counter)
            else:
                self._fence = None
        return self.leading

    def take_over(self) -> None:
        """Leads at once: for a control plane that holds its home's lock, which proves that no other one lives."""
        with self._db.write() as tx:
            fence = tx.scalar(sa.select(leases.c.fence).where(leases.c.name == self._name))
            self._fence = (fence or 0) + 1
            if fence is None:
                tx.execute(
                    sa.insert(leases).values(
                        project_id=SEQUENCE_OWNER, name=self._name, holder=self._holder, counter=1, fence=self._fence
                    )
                )
            else:
                self._advance(tx, 0)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction of the leader.

        Raises:
            NotLeaderError: another one has taken the lease; nothing is written.
        """
        with self._db.write() as tx:
            mine = (
                sa.update(leases)
                .where(leases.c.name == self._name, leases.c.fence == self._fence)
                .values(fence=leases.c.fence)
            )
            if self._fence is None or tx.execute(mine).rowcount != 1:
                self._fence = None
                raise NotLeaderError("this control plane no longer leads; another one has taken over")
            yield tx

    def _advance(self, tx: Tx, counter: int) -> None:
        tx.execute(
            sa.update(leases)
            .where(leases.c.name == self._name)
            .values(holder=self._holder, counter=counter + 1, fence=self._fence)
        )

    def _expired(self, holder: str, counter: int) -> bool:
        if self._seen != (holder, counter):
            self._seen, self._seen_at = (holder, counter), self._clock.monotonic()
        return self._clock.monotonic() - self._seen_at >= self._patience
