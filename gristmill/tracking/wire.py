"""MLflow's JSON, read into our types."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gristmill.tracking.model import (
    ArtifactEntry,
    LoggedModelEntry,
    MetricHistory,
    ModelVersionEntry,
    RegisteredModelEntry,
    TrackedRun,
    TrackedStatus,
    artifact_path,
)

_LOGGED_MODEL = "models:/m-"


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def run(entry: dict[str, Any]) -> TrackedRun:
    info, data = entry["info"], entry.get("data", {})
    return TrackedRun(
        id=info["run_id"],
        experiment_id=str(info["experiment_id"]),
        name=info.get("run_name", ""),
        status=TrackedStatus(info["status"]),
        started_at=_moment(info["start_time"]),
        ended_at=_moment(info["end_time"]) if info.get("end_time") else None,
        artifact_path=artifact_path(info["artifact_uri"]),
        metrics=_metrics(data),
        params=_strings(data.get("params")),
        tags=_strings(data.get("tags")),
    )


def history(name: str, entries: Sequence[dict[str, Any]], *, sampled: bool = False) -> MetricHistory:
    return MetricHistory(
        name=name,
        steps=tuple(int(entry.get("step") or 0) for entry in entries),
        values=tuple(_finite(entry.get("value")) for entry in entries),
        times=tuple(_moment(entry.get("timestamp") or 0) for entry in entries),
        sampled=sampled,
    )


def logged_model(entry: dict[str, Any]) -> LoggedModelEntry:
    info, data = entry["info"], entry.get("data", {})
    return LoggedModelEntry(
        id=info["model_id"],
        name=info.get("name", ""),
        experiment_id=str(info["experiment_id"]),
        run_id=info.get("source_run_id") or None,
        artifact_path=artifact_path(info["artifact_uri"]),
        ready=info.get("status") in {"LOGGED_MODEL_READY", 2},
        created_at=_moment(info["creation_timestamp_ms"]),
        metrics=_metrics(data),
        params=_strings(data.get("params")),
        tags=_strings(info.get("tags")),
    )


def registered_model(entry: dict[str, Any]) -> RegisteredModelEntry:
    return RegisteredModelEntry(
        name=entry["name"],
        created_at=_moment(entry["creation_timestamp"]),
        description=entry.get("description") or None,
        tags=_strings(entry.get("tags")),
        aliases={alias["alias"]: str(alias["version"]) for alias in entry.get("aliases", [])},
    )


def version(entry: dict[str, Any]) -> ModelVersionEntry:
    source = entry.get("source", "")
    return ModelVersionEntry(
        name=entry["name"],
        version=str(entry["version"]),
        source=source,
        status=entry.get("status", "READY"),
        created_at=_moment(entry["creation_timestamp"]),
        run_id=entry.get("run_id") or None,
        # MLflow keeps the model of a version in its source only.
        model_id=entry.get("model_id")
        or (source.removeprefix("models:/") if source.startswith(_LOGGED_MODEL) else None),
        description=entry.get("description") or None,
        tags=_strings(entry.get("tags")),
        aliases=tuple(entry.get("aliases", ())),
    )


def artifact(folder: str, entry: dict[str, Any]) -> ArtifactEntry:
    size = entry.get("file_size")
    name = entry["path"].rpartition("/")[2]
    return ArtifactEntry(
        path=f"{folder}/{name}" if folder else name,
        folder=bool(entry.get("is_dir")),
        size=None if size is None else int(size),
    )


def _metrics(data: dict[str, Any]) -> dict[str, float]:
    # MLflow sorts by name; what was logged first comes first here. JSON has no NaN: such values are sent as strings.
    found = sorted(data.get("metrics", []), key=lambda metric: int(metric.get("timestamp") or 0))
    return {metric["key"]: float(metric["value"]) for metric in found}


def _finite(value: Any) -> float | None:
    """JSON has no NaN and no infinity: MLflow sends them as texts."""
    number = float(value or 0)
    return number if math.isfinite(number) else None


def _strings(entries: list[dict[str, str]] | None) -> dict[str, str]:
    return {entry["key"]: entry.get("value", "") for entry in entries or ()}


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
