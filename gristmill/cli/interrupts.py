"""Ctrl-C: the first one ends what is being done, the next ones are only noted while that is tidied up."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Within the block the first SIGINT raises KeyboardInterrupt; later ones set `again`, until `rearm`."""

    def __init__(self) -> None:
        self.again = False
        self._armed = True
        self._before: Any = None

    def rearm(self) -> None:
        self.again, self._armed = False, True

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise KeyboardInterrupt
        self.again = True
