"""The contract of what keeps endpoints running."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

TAIL = 4000


@dataclass(frozen=True, kw_only=True)
class Supervision:
    """`id` names the endpoint for good; `url` and `token` are what its supervisor is told."""

    id: str
    name: str
    url: str
    token: str


class EndpointBackend(ABC):
    """Starts one supervisor per endpoint; which generation it serves, the supervisor pulls by itself.

    Names are deterministic and actions idempotent: `start` of an endpoint that is there does nothing, `stop` of one
    that is gone does nothing. An endpoint goes on serving while no control plane lives, and is adopted by the next.
    """

    @abstractmethod
    def is_alive(self, endpoint: str) -> bool: ...

    @abstractmethod
    def start(self, order: Supervision) -> None: ...

    @abstractmethod
    def stop(self, endpoint: str) -> None:
        """Asks the supervisor to drain and end."""

    @abstractmethod
    def clean_up(self, endpoint: str) -> bool:
        """After a supervisor is gone: ends what it left behind. True once nothing is left."""

    @abstractmethod
    def forget(self, endpoint: str) -> None:
        """Removes the files of an endpoint that was deleted."""

    @abstractmethod
    def log_tail(self, endpoint: str, limit: int = TAIL) -> str:
        """The last `limit` bytes that its processes wrote, from a line's beginning."""
