"""Reservations: what holds capacity, from when to when, for whom. The ledger is the sum of these intervals."""

from dataclasses import dataclass
from datetime import datetime

from gristmill.profiles.model import Resources

RUN, KERNEL, ENDPOINT, TRY_OUT = "run:", "kernel:", "endpoint:", "try-out:"


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """`holder` is the attempt or endpoint; `subjects` are who it counts against (project, person), and its name.

    Each is `kind:name`; `run:train-3`, `endpoint:churn` and, of a run that is over and whose kernel was kept,
    `kernel:train-3` are what people call the holder.
    """

    id: str
    project_id: str
    holder: str
    subjects: tuple[str, ...]
    profile: str
    resources: Resources
    requested_at: datetime
    rate_per_hour: float = 0.0
    active_at: datetime | None = None
    released_at: datetime | None = None

    def hours(self, now: datetime) -> float:
        """How long it has counted; never less than nothing, whatever the machine's clock was set to meanwhile."""
        if self.active_at is None:
            return 0.0
        return max(0.0, ((self.released_at or now) - self.active_at).total_seconds()) / 3600

    @property
    def of_kept_kernel(self) -> bool:
        return any(subject.startswith(KERNEL) for subject in self.subjects)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one profile was held for, in hours, and what that came to."""

    profile: str
    hours: float
    cost: float
    reservations: int
