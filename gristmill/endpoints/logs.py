"""What an endpoint's processes wrote, as far as it is shown."""

from dataclasses import dataclass

from gristmill.core.database import Database
from gristmill.core.scopes import Actor
from gristmill.endpoints import service
from gristmill.endpoints.backends.base import EndpointBackend
from gristmill.endpoints.model import EndpointLog

SHOWN = 64 * 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class EndpointLogs:
    db: Database
    backend: EndpointBackend

    def read(self, actor: Actor, name: str) -> EndpointLog:
        """The end of the log, from a line's beginning."""
        with self.db.read() as tx:
            endpoint = service.find(tx, actor, name)
        return EndpointLog(text=self.backend.log_tail(endpoint.id, SHOWN))
