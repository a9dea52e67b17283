"""When a generation may be tried again: at once after a first death, ever later after quick ones and failed loads."""

from dataclasses import dataclass, field

QUICK_S = 30.0  # a worker that lived longer than this starts with a clean slate
MOST_DEATHS = 8  # quick ones in a row; then it has failed, and is tried again as seldom as what cannot be loaded
_FIRST_S = 0.5
_FAILURE_FIRST_S = 10.0
_FAILURE_MOST_S = 300.0


@dataclass
class Retry:
    """One generation's record. `at` is on the supervisor's monotonic clock."""

    at: float = 0.0
    deaths: int = 0
    failures: int = 0

    def died(self, now: float, lived: float) -> bool:
        """Its worker ended unasked after `lived` seconds of service. Whether that was once too often."""
        self.deaths = 1 if lived > QUICK_S else self.deaths + 1
        if self.deaths >= MOST_DEATHS:
            self.failures += 1
            self.at = now + _FAILURE_MOST_S
            return True
        self.at = now + (0.0 if self.deaths == 1 else _FIRST_S * 2 ** (self.deaths - 2))
        return False

    def failed(self, now: float) -> None:
        """It could not be loaded. What it lacks may be installed meanwhile."""
        self.failures += 1
        self.at = now + min(_FAILURE_MOST_S, _FAILURE_FIRST_S * 2 ** (self.failures - 1))

    def unavailable(self, now: float) -> None:
        """Its files could not be had now."""
        self.at = now + 1.0


@dataclass
class Retries:
    by_generation: dict[int, Retry] = field(default_factory=dict)

    def of(self, generation: int) -> Retry:
        return self.by_generation.setdefault(generation, Retry())

    def keep_only(self, generations: set[int]) -> None:
        self.by_generation = {number: retry for number, retry in self.by_generation.items() if number in generations}
