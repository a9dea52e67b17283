"""Trying again while the other side is away."""

import time
from collections.abc import Callable
from typing import TypeVar

from gristmill.core.errors import UnavailableError

PATIENCE = 600.0  # seconds that control plane or MLflow may be away
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0

T = TypeVar("T")


def bridged(
    call: Callable[[], T],
    *,
    give_up: Callable[[float], bool],
    pause: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """What `call` answers, tried again with growing pauses for as long as it raises `UnavailableError`.

    `give_up` is told for how many seconds it has failed now; the last error is raised once it says so. Every other
    error is an answer, and final.
    """
    began: float | None = None
    length = _FIRST_PAUSE
    while True:
        try:
            return call()
        except UnavailableError:
            began = clock() if began is None else began
            if give_up(clock() - began):
                raise
        pause(length)
        length = min(2 * length, _LONGEST_PAUSE)
