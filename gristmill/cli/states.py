"""How a state looks: icon, word and colour, the same everywhere; never colour alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    icon: str
    colour: str | None


_LOOKS = {
    "queued": Look("○", "bright_black"),
    "starting": Look("◌", "bright_black"),
    "loading": Look("◔", "cyan"),
    "running": Look("◔", "cyan"),
    "succeeded": Look("✓", "green"),
    "ready": Look("●", "green"),
    "failed": Look("✗", "red"),
    "cancelling": Look("⊘", "yellow"),
    "cancelled": Look("⊘", "bright_black"),
    "stopped": Look("○", "bright_black"),
    "waiting": Look("◷", "yellow"),
}
_UNKNOWN = Look("·", None)


def look(state: str) -> Look:
    return _LOOKS.get(state, _UNKNOWN)


def state_text(state: str) -> str:
    """Icon and word, for places that colour it themselves."""
    return f"{look(state).icon} {state}"
