"""The attempt's MLflow run, over MLflow's plain REST interface: https://mlflow.org/docs/latest/rest-api.html."""

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from gristmill.core.errors import GristmillError
from gristmill.runs.model import LoggedModel, Metric, RunState
from gristmill.tracking.model import mlflow_name
from gristmill.worker.bridging import PATIENCE, bridged
from gristmill.worker.transport import Transport

_METRICS_PER_BATCH = 1000
_SYSTEM_PAUSE = 30.0  # seconds between two batches of system metrics
_MODEL_READY = "LOGGED_MODEL_READY"
_PARAMS_PER_BATCH = 100
_LONGEST_VALUE = 6000  # characters of a parameter's value
_STATUS = {RunState.SUCCEEDED: "FINISHED", RunState.FAILED: "FAILED", RunState.CANCELLED: "KILLED"}

T = TypeVar("T")


class Tracking:
    """Logs to the run in a thread of its own; no caller waits for MLflow before `settle`.

    A metric with repeats is three of MLflow's: `auc`, `auc_std`, `auc_count`. Parameters are logged at the end, those
    that the notebook logged itself left alone: MLflow refuses a second value, and the notebook's own comes first.
    """

    def __init__(self, transport: Transport, *, run: str, experiment: str) -> None:
        self._transport, self._run, self._experiment = transport, run, experiment
        self._queue: queue.SimpleQueue[list[dict[str, Any]] | None] = queue.SimpleQueue()
        self._own: set[str] = set()  # metrics that were reported to us, and logged from here
        self._system: list[dict[str, Any]] = []
        self._system_logged = time.monotonic()
        self._give_up_at: float | None = None
        self._notices: list[str] = []
        self._seen: dict[str, Any] | None = None
        self._thread = threading.Thread(target=self._log_all, name="tracking", daemon=True)
        self._thread.start()

    def log(self, metrics: Mapping[str, Metric]) -> None:
        """Returns at once."""
        entries = as_mlflow(metrics, int(time.time() * 1000))
        self._own.update(entry["key"] for entry in entries)
        self._queue.put(entries)

    def log_system(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """As `log`, of what MLflow calls system metrics. They are logged together, about every half minute."""
        self._own.update(str(entry["key"]) for entry in entries)
        self._system += [dict(entry) for entry in entries]
        if time.monotonic() - self._system_logged >= _SYSTEM_PAUSE:
            self._flush_system()

    def _flush_system(self) -> None:
        self._system_logged = time.monotonic()
        if self._system:
            self._queue.put(self._system)
            self._system = []

    def settle(self, *, patience: float = PATIENCE) -> None:
        """Waits until the metrics are logged. From now on MLflow may be away for `patience` seconds in all."""
        self._give_up_at = time.monotonic() + patience
        self._flush_system()
        self._queue.put(None)
        self._thread.join()

    def finish(self, parameters: Mapping[str, Any], state: RunState, notice: Callable[[str], None]) -> None:
        """Logs the parameters and ends the run, after `settle`. What MLflow refuses is a notice, not an error."""
        self._noted("parameters", lambda: self._log_parameters(parameters))
        self._noted("the run's end", lambda: self._end(state))
        for text in self._notices:
            notice(text)

    def models(self) -> tuple[LoggedModel, ...]:
        """The models that the run logged whole, oldest first; none where MLflow does not say."""
        body = {
            "experiment_ids": [self._experiment],
            "filter": f"source_run_id = '{self._run}'",
            "max_results": 50,
            "order_by": [{"field_name": "creation_timestamp", "ascending": True}],
        }
        answer = self._noted("the logged models", lambda: self._post("logged-models/search", body)) or {}
        found = [model.get("info", {}) for model in answer.get("models", [])]
        # One whose log_model(…) failed half way has no files.
        whole = [one for one in found if one.get("status", _MODEL_READY) == _MODEL_READY]
        return tuple(LoggedModel(id=one["model_id"], name=one.get("name", "")) for one in whole)

    def metrics(self) -> dict[str, Metric]:
        """The last value of each metric that the notebook logged with MLflow's own calls, by time; numbers only."""
        found = (self._noted("the question for metrics", self._look) or {}).get("metrics", [])
        return {
            one["key"]: Metric(value=float(one["value"]), step=int(one.get("step") or 0) or None)
            for one in sorted(found, key=lambda one: int(one.get("timestamp") or 0))  # MLflow's own order is by name
            if one["key"] not in self._own and isinstance(one["value"], int | float) and math.isfinite(one["value"])
        }

    def _log_all(self) -> None:
        over = False
        while not over:
            waiting = self._waiting()
            over = None in waiting
            metrics = [entry for entries in waiting if entries is not None for entry in entries]
            for start in range(0, len(metrics), _METRICS_PER_BATCH):
                batch = metrics[start : start + _METRICS_PER_BATCH]
                self._noted("metrics", lambda: self._log_batch(metrics=batch))  # noqa: B023  # called at once

    def _waiting(self) -> list[list[dict[str, Any]] | None]:
        """All that came since the last time, at least one: reports faster than MLflow answers go to it together."""
        found = [self._queue.get()]
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._queue.get_nowait())
        return found

    def _log_parameters(self, parameters: Mapping[str, Any]) -> None:
        if not parameters:
            return
        known = {one["key"] for one in self._look().get("params", [])}
        new = [
            {"key": mlflow_name(name), "value": str(value)[:_LONGEST_VALUE]}
            for name, value in parameters.items()
            if mlflow_name(name) not in known
        ]
        for start in range(0, len(new), _PARAMS_PER_BATCH):
            self._log_batch(params=new[start : start + _PARAMS_PER_BATCH])

    def _look(self) -> dict[str, Any]:
        """What the notebook has logged, asked for once: it is at its end by then."""
        if self._seen is None:
            query = {"run_id": self._run}
            answer = self._bridged(lambda: self._transport.request("GET", _path("runs/get"), params=query))
            self._seen = _decode(answer)["run"].get("data", {})
        return self._seen

    def _log_batch(self, **content: Sequence[Mapping[str, Any]]) -> None:
        self._post("runs/log-batch", {"run_id": self._run, **content})

    def _end(self, state: RunState) -> None:
        self._post("runs/update", {"run_id": self._run, "status": _STATUS[state], "end_time": int(time.time() * 1000)})

    def _post(self, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _decode(self._bridged(lambda: self._transport.request("POST", _path(call), body)))

    def _noted(self, what: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except GristmillError as error:
            text = f"MLflow did not take {what}: {error.message}"
            if text not in self._notices:
                self._notices.append(text)
            return None

    def _bridged(self, call: Callable[[], T]) -> T:
        return bridged(call, give_up=lambda _: self._give_up_at is not None and time.monotonic() >= self._give_up_at)


def as_mlflow(metrics: Mapping[str, Metric], timestamp: int) -> list[dict[str, Any]]:
    """MLflow's metrics for ours. `<name>_std` is the standard name for a spread of repeats, as scikit-learn has it."""
    listed: list[dict[str, Any]] = []
    for name, metric in metrics.items():
        values = {"": metric.value, "_std": metric.spread, "_count": metric.count}
        listed += [
            {"key": mlflow_name(name) + suffix, "value": value, "timestamp": timestamp, "step": metric.step or 0}
            for suffix, value in values.items()
            if value is not None
        ]
    return listed


def _path(call: str) -> str:
    return f"/api/2.0/mlflow/{call}"


def _decode(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise GristmillError(f"MLflow answered something else than JSON: {content[:100]!r}") from error
