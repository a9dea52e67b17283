"""What keeps something that was started from being at work."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Holdup:
    """In the words of who holds it up: of a worker that was launched, or a pod. `hopeless`: no waiting mends it.

    As long as there is one, nothing is late: it is told where it lasts, and waited for.
    """

    why: str
    hopeless: bool = False
