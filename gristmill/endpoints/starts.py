"""How often an endpoint's supervisor was started, and when the next start is due."""

from dataclasses import dataclass, field
from enum import Enum, auto

FORGIVEN = 60.0  # seconds; one that lived so long starts anew
MOST = 5  # starts in a row that are each followed by a quick death
_LONGEST_PAUSE = 30.0


class Next(Enum):
    START = auto()
    PAUSE = auto()
    GIVE_UP = auto()


@dataclass(frozen=True)
class _Tries:
    generation: int
    count: int
    last: float


@dataclass
class Starts:
    """Kept in memory: a control plane that was restarted tries again, for what was wrong may have been mended."""

    _tries: dict[str, _Tries] = field(default_factory=dict)
    _given_up: dict[str, int] = field(default_factory=dict)  # endpoint to generation

    def due(self, endpoint: str, generation: int, now: float) -> Next:
        """What is to be done about one whose supervisor is not there.

        Each start that is followed by a quick death is waited for twice as long; a new generation begins anew.
        """
        tries = self._of(endpoint, generation)
        if tries is None or now - tries.last >= FORGIVEN:
            return Next.START
        if now - tries.last < min(2.0 ** (tries.count - 1), _LONGEST_PAUSE):
            return Next.PAUSE
        return Next.START if tries.count < MOST else Next.GIVE_UP

    def started(self, endpoint: str, generation: int, now: float) -> None:
        tries = self._of(endpoint, generation)
        again = tries is not None and now - tries.last < FORGIVEN
        self._tries[endpoint] = _Tries(generation, tries.count + 1 if tries and again else 1, now)

    def give_up(self, endpoint: str, generation: int) -> None:
        self._given_up[endpoint] = generation

    def given_up(self, endpoint: str, generation: int) -> bool:
        """Whether this generation is not started any more."""
        return self._given_up.get(endpoint) == generation

    def forget(self, endpoint: str) -> None:
        self._tries.pop(endpoint, None)
        self._given_up.pop(endpoint, None)

    def _of(self, endpoint: str, generation: int) -> _Tries | None:
        tries = self._tries.get(endpoint)
        return tries if tries is not None and tries.generation == generation else None
