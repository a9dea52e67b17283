"""The contract of what keeps endpoints running."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass

from gristmill.endpoints.model import Address
from gristmill.profiles.model import Profile

TAIL = 4000


@dataclass(frozen=True, kw_only=True)
class Supervision:
    """`id` names the endpoint for good; `url` and `token` are what its supervisor is told. `serves` is where the
    endpoint is reached; a try-out is reached nowhere, and has none.
    """

    id: str
    name: str
    url: str
    token: str
    profile: Profile
    port: int
    serves: str | None = None


class EndpointBackend(ABC):
    """Starts one supervisor per endpoint; which generation it serves, the supervisor pulls by itself.

    Names are deterministic and actions idempotent: `start` of an endpoint that is there does nothing, `stop` of one
    that is gone does nothing. An endpoint goes on serving while no control plane lives, and is adopted by the next.
    """

    @abstractmethod
    def address(self, project: str, name: str | None, taken: Collection[int]) -> Address:
        """Where an endpoint of this name is to listen and be reached; `taken` are the ports of all the others.

        A try-out has no name: nobody but its supervisor needs to reach it.
        """

    @abstractmethod
    def is_alive(self, endpoint: str) -> bool: ...

    @abstractmethod
    def start(self, order: Supervision) -> None: ...

    def resize(self, endpoint: str, profile: Profile) -> None:
        """The endpoint has another profile from now on. What serves goes on until its successor is ready."""
        del endpoint, profile

    def holdup(self, endpoint: str) -> str | None:
        """What keeps an endpoint that was started from being at work; None where nothing is known to."""
        del endpoint
        return None

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
