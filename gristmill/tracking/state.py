"""How it stands with the MLflow server."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Health(StrEnum):
    STARTING = "starting"
    READY = "ready"
    AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class TrackingState:
    """`since` is when it came to be so; `reason` says why it is not ready."""

    health: Health
    since: datetime
    reason: str | None = None

    @property
    def ready(self) -> bool:
        return self.health is Health.READY
