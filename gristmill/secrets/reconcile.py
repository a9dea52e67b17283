"""What attempts were given is kept as long as they are open."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.lease import Leadership
from gristmill.core.pace import Pace
from gristmill.secrets import service
from gristmill.secrets.known_vaults import Vaults

PAUSE = 5.0  # seconds between two looks


@dataclass
class SecretsReconciler:
    """`are_open` says which of these attempts are."""

    db: Database
    leader: Leadership
    vaults: Vaults
    clock: Clock
    are_open: Callable[[Tx, Collection[str]], Collection[str]]
    _due: float = 0.0

    def step(self) -> Pace:
        """Never busy: nobody waits for it."""
        if self.clock.monotonic() >= self._due:
            self._due = self.clock.monotonic() + PAUSE
            service.release_closed(self.db, self.leader, self.vaults, self.are_open)
        return Pace.IDLE
