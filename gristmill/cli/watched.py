"""A run as its events tell of it: what there is to show while it goes on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from gristmill.cli.quantities import one_line
from gristmill.core.wire import Event
from gristmill.runs.model import Metric, Run, RunState


@dataclass
class Watched:
    """`cell` of `cells` is the code cell that runs, from 1."""

    run: Run
    state: RunState
    attempt: int = 1
    waiting: str | None = None
    cancelling: bool = False
    cell: int = 0
    cells: int = 0
    done: int = 0
    cell_began: datetime | None = None
    fraction: float | None = None
    message: str | None = None
    tail: str | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    began: datetime | None = None
    ended: datetime | None = None
    notices: tuple[str, ...] = ()

    @classmethod
    def at_start(cls, run: Run) -> "Watched":
        return cls(run=run, state=RunState.QUEUED)

    def take(self, event: Event) -> None:
        """Brings it up to date; kinds that are not known here change nothing."""
        if event.kind.startswith("run."):
            self._state(event)
        elif (effect := _EFFECTS.get(event.kind)) is not None:
            effect(self, event, event.data)

    @property
    def shown(self) -> str:
        """The word for how it is."""
        if self.state.final:
            return self.state.value
        return "cancelling" if self.cancelling else "waiting" if self.waiting else self.state.value

    @property
    def share(self) -> float:
        """How much is done, 0 to 1: whole cells, and of the one that runs what the notebook itself reported."""
        if not self.cells:
            return 0.0
        return min(1.0, (self.done + (self.fraction or 0.0)) / self.cells)

    def seconds(self, now: datetime) -> float:
        """How long it has been running."""
        return ((self.ended or now) - self.began).total_seconds() if self.began else 0.0

    def _state(self, event: Event) -> None:
        self.waiting = event.data.get("waiting")
        self.cancelling = self.cancelling or event.kind == "run.cancelling"
        if "state" not in event.data:
            return
        before, self.state = self.state, RunState(event.data["state"])
        if self.state is RunState.QUEUED and before is not RunState.QUEUED:
            self._again()
        elif self.state is RunState.RUNNING:
            self.began = self.began or event.time
        elif self.state.final:
            self.ended = event.time

    def _again(self) -> None:
        """An attempt failed and the next is due: what it has shown counts no more."""
        self.attempt += 1
        self.cell = self.done = 0
        self.fraction = self.message = self.tail = None
        self.metrics.clear()

    def _cell_started(self, event: Event, data: dict[str, Any]) -> None:
        self.cell, self.cells, self.cell_began = int(data.get("number", 0)), int(data.get("of", 0)), event.time
        self.fraction = self.message = None

    def _cell_finished(self, _event: Event, data: dict[str, Any]) -> None:
        self.done = int(data.get("number", 0))
        self.fraction = self.message = None

    def _log(self, _event: Event, data: dict[str, Any]) -> None:
        self.tail = one_line(str(data["tail"])) if data.get("tail") else self.tail

    def _progress(self, _event: Event, data: dict[str, Any]) -> None:
        self.fraction = data.get("fraction", self.fraction)
        self.message = one_line(str(data["message"])) if data.get("message") else self.message

    def _metric(self, _event: Event, data: dict[str, Any]) -> None:
        self.metrics.update(msgspec.convert(data.get("metrics", {}), dict[str, Metric]))

    def _finished(self, _event: Event, data: dict[str, Any]) -> None:
        self.notices = tuple(str(notice) for notice in data.get("notices", ()))


_EFFECTS = {
    "cell.started": Watched._cell_started,  # noqa: SLF001  # a table of its own methods
    "cell.finished": Watched._cell_finished,  # noqa: SLF001  # its own
    "log": Watched._log,  # noqa: SLF001  # its own
    "progress": Watched._progress,  # noqa: SLF001  # its own
    "metric": Watched._metric,  # noqa: SLF001  # its own
    "attempt.finished": Watched._finished,  # noqa: SLF001  # its own
}
