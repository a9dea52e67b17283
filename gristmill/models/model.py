"""Registered models and their versions. MLflow is the registry; these are its rows in our words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gristmill.core.wire import Strict


@dataclass(frozen=True, kw_only=True)
class RegisterRequest(Strict):
    """POST /api/models/{name}/versions. `model` is `m-…` or the logged name; needed where the run logged several."""

    run: str
    model: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """`source` is MLflow's `models:/m-…`; `artifact_path` is where its files lie below the artifact root."""

    project_id: str
    name: str
    version: str
    source: str
    artifact_path: str
    created_at: datetime
    status: str
    run_id: str | None = None  # ours, `run_…`; None where the version was made outside a run
    run_name: str | None = None  # None where that run was deleted
    tracking_run: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    flavors: tuple[str, ...] = ()
    signature: dict[str, Any] | None = None  # {inputs: [...], outputs: [...]} as MLflow writes it
    suggestion: str | None = None  # what to do about what is missing
    input_example: dict[str, Any] | None = None  # a body that /invocations takes


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    project_id: str
    name: str
    created_at: datetime
    description: str | None = None
    versions: tuple[ModelVersion, ...] = ()
