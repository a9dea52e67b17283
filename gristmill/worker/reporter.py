"""Turns what the engine tells into the events that the control plane is told."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gristmill.core.clock import Clock
from gristmill.runs.model import LoggedModel, Metric, Output, RunFault, RunState, WorkerEvent, WorkerEventKind
from gristmill.secrets.masking import Mask
from gristmill.utilisation.model import UtilisationPoint
from gristmill.verbs import MIME
from gristmill.worker.cells import Cell, executed_cells
from gristmill.worker.logs import FLUSH_SECONDS, Logs
from gristmill.worker.outbox import Outbox
from gristmill.worker.spool import Spool

_MAX_NOTICES = 100


class Reporter:
    """A `Listener`: numbers the events from 1. Streams, metrics and progress are told at once after a quarter of a
    second of silence, else bundled to quarters.

    `on_metrics` is told every reported metric at once, also those that a bundle replaces.
    """

    def __init__(
        self,
        outbox: Outbox,
        spool: Spool,
        clock: Clock,
        *,
        log_limit: int,
        on_metrics: Callable[[Mapping[str, Metric]], None] = lambda _: None,
        mask: Mask | None = None,
    ) -> None:
        self.mask = mask or Mask({})  # what the run's secrets are hidden by, in every event
        self._outbox, self._spool, self._clock = outbox, spool, clock
        self._on_metrics = on_metrics
        self._logs = Logs(self._log, limit=log_limit)
        self._last = 0
        self._emitting = threading.Lock()
        self._numbers: dict[int, int] = {}
        self._metrics: dict[str, Metric] = {}
        self._progress: dict[str, Any] = {}
        self._flushed_at = -math.inf
        self._exited: int | None = None
        self._finished = 0
        self.places: Sequence[int | None] = ()  # executed cell → cell of the source
        self.started = False  # the kernel answered
        self.failed: int | None = None  # the executed cell that raised, or in which the kernel died
        self.declared: dict[str, str | None] = {}  # outputs that the notebook named → description
        self.notices: list[str] = []

    # What the worker itself says ------------------------------------------------------------------------------------

    def attempt_started(self, provenance: Mapping[str, Any]) -> None:
        """Said again when more of the provenance is known."""
        self._emit(WorkerEventKind.ATTEMPT_STARTED, {"provenance": {"worker": provenance}})

    def output(self, output: Output) -> None:
        self._emit(WorkerEventKind.OUTPUT, msgspec.to_builtins(output), (output.digest,))

    def models(self, models: Sequence[LoggedModel]) -> None:
        self._emit(WorkerEventKind.MODELS, {"models": msgspec.to_builtins(models)})

    def logged(self, metrics: Mapping[str, Metric]) -> None:
        """Metrics that MLflow holds already: they are not logged there again."""
        self._emit(WorkerEventKind.METRIC, {"metrics": {name: _given(metric) for name, metric in metrics.items()}})

    def said(self, text: str) -> None:
        """What the worker itself is at, before the notebook starts."""
        self._emit(WorkerEventKind.PROGRESS, {"message": text[:200]})

    def utilisation(self, points: Sequence[UtilisationPoint]) -> None:
        """From any thread."""
        self._emit(WorkerEventKind.UTILISATION, {"points": msgspec.to_builtins(points)})

    def notice(self, text: str) -> None:
        """Something that the run's owner should know and that is no fault; told with the end."""
        if len(self.notices) < _MAX_NOTICES:
            self.notices.append(text)

    def attempt_finished(
        self,
        state: RunState,
        seconds: float,
        *,
        fault: RunFault | None = None,
        executed_notebook: bytes | None = None,
        connection_file: str | None = None,
    ) -> None:
        """`connection_file`: of the kernel, if it is kept."""
        blobs: tuple[str, ...] = ()
        try:
            self.flush()
            if executed_notebook is not None:
                blobs = (self._spool.put(executed_notebook),)
        except OSError as error:  # the disk may be full: how it ended is told all the same
            self.notice(f"the end of the output and the executed notebook are lost: {error}")
        data: dict[str, Any] = {"state": state.value, "seconds": round(seconds, 3), "notices": self.notices}
        if blobs:
            data["executed_notebook"] = blobs[0]
        if connection_file is not None:
            data["connection_file"] = connection_file
        if fault is not None:
            data["fault"] = msgspec.to_builtins(fault)
        self._emit(WorkerEventKind.ATTEMPT_FINISHED, data, blobs)

    # What the engine says -------------------------------------------------------------------------------------------

    def notebook_started(self, cells: Sequence[Cell]) -> None:
        self.started = True
        self._numbers = {index: number for number, index in enumerate(executed_cells(cells), start=1)}

    def cell_started(self, index: int) -> None:
        self._emit(WorkerEventKind.CELL_STARTED, self._cell(index))

    def stream(self, index: int, name: str, text: str) -> None:
        self._logs.add(self.place(index), name, text)
        self.tick()

    def display(self, index: int, data: Mapping[str, Any]) -> None:
        verb = data.get(MIME)
        if isinstance(verb, Mapping) and verb.get("verb") == "progress":
            return
        if text := "".join(data.get("text/plain", "")):
            self.stream(index, "display", f"{text}\n")

    def verb(self, index: int, payload: Any) -> None:
        try:
            _VERBS[payload["verb"]](self, payload)
            self.tick()
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            self.notice(f"cell {self.place(index)} showed a display of type {MIME} that says nothing: {error!r}")

    def error(self, index: int, ename: str, evalue: str, traceback: Sequence[str]) -> None:
        if is_clean_exit(ename, evalue):
            self._exited = index
            self.notice(f"cell {self.place(index)} called sys.exit(): the cells behind it were not executed")
            return
        self._logs.add(self.place(index), "stderr", "\n".join(traceback) + "\n")

    def output_lost(self, index: int) -> None:
        self.notice(f"the last output of cell {self.place(index)} got lost: it came faster than it could be read")

    def cell_finished(self, index: int, outputs: Sequence[Any], seconds: float, *, failed: bool) -> None:
        self.flush()
        digest = self._spool.put(json.dumps(outputs, ensure_ascii=False).encode(errors="replace"))
        failed = failed and index != self._exited
        self.failed = index if failed else self.failed
        self._finished += 1
        data = {"seconds": round(seconds, 3), "failed": failed, "digest": digest}
        self._emit(WorkerEventKind.CELL_FINISHED, {**self._cell(index), **data}, (digest,))

    def tick(self) -> None:
        if self._holds and time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    # ----------------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Emits what was held back."""
        if not self._holds:
            return
        self._flushed_at = time.monotonic()
        self._logs.flush()
        if metrics := self._metrics:
            self._metrics = {}
            self._emit(WorkerEventKind.METRIC, {"metrics": {name: _given(one) for name, one in metrics.items()}})
        if progress := self._progress:
            self._progress = {}
            self._emit(WorkerEventKind.PROGRESS, progress)

    @property
    def _holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._logs.waiting or self._metrics or self._progress)

    @property
    def complete(self) -> bool:
        """Whether all was executed that was to be."""
        return self.started and (self._finished == len(self._numbers) or self._exited is not None)

    def place(self, index: int | None) -> int | None:
        """Where an executed cell stands in the source."""
        return self.places[index] if index is not None and index < len(self.places) else None

    def _report(self, payload: Mapping[str, Any]) -> None:
        self._measured(payload["metrics"])

    def _reported(self, payload: Mapping[str, Any]) -> None:
        for metrics in payload["reports"]:
            self._measured(metrics)

    def _measured(self, reported: Any) -> None:
        metrics = msgspec.convert(reported, dict[str, Metric])
        for name, metric in metrics.items():
            if not name or not all(math.isfinite(one) for one in (metric.value, metric.spread or 0.0)):
                raise ValueError(f"metric {name!r} is not finite")
        self._metrics.update(metrics)
        self._on_metrics(metrics)

    def _declare(self, payload: Mapping[str, Any]) -> None:
        self.declared[msgspec.convert(payload["path"], str)] = msgspec.convert(payload.get("description"), str | None)

    def _progressed(self, payload: Mapping[str, Any]) -> None:
        fraction = msgspec.convert(payload.get("fraction"), float | None)
        if fraction is not None and not 0 <= fraction <= 1:
            raise ValueError(f"fraction {fraction} is not from 0 to 1")
        message = msgspec.convert(payload.get("message"), str | None)
        said = {"fraction": fraction, "message": message and message[:200]}
        self._progress.update({key: value for key, value in said.items() if value is not None})

    def _log(self, data: dict[str, Any], content: bytes) -> None:
        digest = self._spool.put(content)
        self._emit(WorkerEventKind.LOG, {**data, "digest": digest, "size": len(content)}, (digest,))

    def _cell(self, index: int) -> dict[str, Any]:
        return {"cell": self.place(index), "number": self._numbers.get(index, 0), "of": len(self._numbers)}

    def _emit(self, kind: WorkerEventKind, data: Mapping[str, Any], blobs: Sequence[str] = ()) -> None:
        with self._emitting:  # numbers have no gaps, and are those of the order in the outbox
            self._number(kind, data, blobs)

    def _number(self, kind: WorkerEventKind, data: Mapping[str, Any], blobs: Sequence[str] = ()) -> None:
        self._last += 1
        shown = _text(self.mask.json(data))
        self._outbox.put(WorkerEvent(n=self._last, kind=kind, time=self._clock.now(), data=shown), blobs)


def is_clean_exit(ename: str, evalue: str) -> bool:
    """`sys.exit()` and `sys.exit(0)` end a notebook early and successfully: papermill's rule."""
    return ename == "SystemExit" and evalue in {"", "0"}


def _given(metric: Metric) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(metric).items() if value is not None}


def _text(value: Any) -> Any:
    """`value` with every string such that UTF-8 can say it: a notebook may hold half a surrogate pair."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_text(key): _text(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_text(one) for one in value]
    return value


_VERBS: dict[str, Callable[[Reporter, Mapping[str, Any]], None]] = {
    "report": Reporter._report,  # noqa: SLF001  # a table of its own methods
    "reports": Reporter._reported,  # noqa: SLF001  # the same
    "output": Reporter._declare,  # noqa: SLF001  # the same
    "progress": Reporter._progressed,  # noqa: SLF001  # the same
}
