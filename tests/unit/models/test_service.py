"""Registering a model, with a registry that may lose its answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, NotFoundError, UnavailableError
from gristmill.core.scopes import Actor
from gristmill.models.model import RegisterRequest
from gristmill.models.service import RUN_TAG, ModelService, in_order
from gristmill.runs import service, store
from gristmill.runs.model import Attempt, Metric, Run, RunState
from gristmill.tracking.model import LoggedModelEntry, ModelVersionEntry, TrackedRun, TrackedStatus
from tests.unit.conftest import TestClock

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Create = Callable[..., Run]
Begin = Callable[[Run], tuple[Attempt, Actor]]


class Registry:
    """One run's model, and its versions in memory. `losing` answers are lost after the version was made."""

    def of(self, project: str) -> Self:
        del project
        return self

    def __init__(self) -> None:
        self.versions: list[ModelVersionEntry] = []
        self.losing = 0

    def get_run(self, run: str) -> TrackedRun:
        metrics = {"accuracy": 0.8, "auc": 0.9, "auc_count": 5.0, "auc_std": 0.1, "loss": 0.3}
        return TrackedRun(
            id=run,
            experiment_id="1",
            name="x",
            status=TrackedStatus.FINISHED,
            started_at=NOON,
            ended_at=NOON,
            artifact_path="1/x",
            metrics=metrics,
        )

    def child_runs(self, _run: TrackedRun) -> tuple[TrackedRun, ...]:
        return ()

    def logged_models(self, run: str) -> tuple[LoggedModelEntry, ...]:
        entry = LoggedModelEntry(
            id="m-1", name="model", experiment_id="1", run_id=run, artifact_path="1/m-1", ready=True, created_at=NOON
        )
        return (entry, replace(entry, id="m-2", name="other"))

    def create_registered_model(self, name: str) -> None:
        self.name = name

    def list_versions(self, name: str) -> tuple[ModelVersionEntry, ...]:
        if not self.versions:
            raise NotFoundError(f"no model {name}")
        return tuple(self.versions)

    def create_version(self, name: str, *, source: str, tags: dict[str, str], **given: Any) -> ModelVersionEntry:
        version = ModelVersionEntry(
            name=name,
            version=str(len(self.versions) + 1),
            source=source,
            created_at=NOON,
            status="READY",
            run_id=given["run_id"],
            tags=tags,
        )
        self.versions.append(version)
        if self.losing:
            self.losing -= 1
            raise UnavailableError("the answer was lost")
        return version

    def get_version(self, _name: str, version: str) -> ModelVersionEntry:
        return self.versions[int(version) - 1]

    def version_path(self, _name: str, _version: str) -> str:
        return "1/m-1"

    def read_artifact(self, _path: str, _limit: int) -> bytes:
        return b"flavors: {sklearn: {}}"


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def models(db: Database, clock: TestClock, registry: Registry) -> ModelService:
    return ModelService(db, registry, clock)  # type: ignore[arg-type]  # stands for the real one


@pytest.fixture
def succeed(create: Create, begin: Begin, db: Database, clock: TestClock) -> Callable[[], Run]:
    def succeeded() -> Run:
        run = create()
        attempt, _ = begin(run)
        with db.write() as tx:
            current = store.get_run(tx, run.id)
            store.put_metrics(tx, current, {"loss": Metric(value=0.3), "auc": Metric(value=0.9, spread=0.1, count=5)})
            service.end_attempt(tx, current, attempt, RunState.SUCCEEDED, clock)
            return store.get_run(tx, run.id)

    return succeeded


def test_asked_again_the_same_version_is_answered(
    models: ModelService, registry: Registry, person: Actor, succeed: Callable[[], Run]
) -> None:
    request = RegisterRequest(run=succeed().id, model="model")
    first = models.register(person, "churn", request)
    assert models.register(person, "churn", request) == first
    assert len(registry.versions) == 1


def test_an_answer_that_was_lost_makes_no_second_version(
    models: ModelService, registry: Registry, person: Actor, succeed: Callable[[], Run]
) -> None:
    registry.losing = 1
    request = RegisterRequest(run=succeed().id, model="model")
    with pytest.raises(UnavailableError):
        models.register(person, "churn", request)
    assert models.register(person, "churn", request).version == "1"
    assert len(registry.versions) == 1


def test_another_run_or_model_is_another_version(
    models: ModelService, registry: Registry, person: Actor, succeed: Callable[[], Run]
) -> None:
    one, other = succeed(), succeed()
    for run, model in ((one, "model"), (other, "model"), (one, "other")):
        models.register(person, "churn", RegisterRequest(run=run.id, model=model))
    made = [(version.source, version.tags[RUN_TAG]) for version in registry.versions]
    assert made == [("models:/m-1", one.id), ("models:/m-1", other.id), ("models:/m-2", one.id)]


def test_a_run_that_another_mlflow_server_tracks_is_not_looked_for_here(
    models: ModelService, registry: Registry, person: Actor, succeed: Callable[[], Run]
) -> None:
    elsewhere = replace(models, server="https://mlflow.example.org")
    with pytest.raises(ConflictError, match="tracked by Gristmill's own MLflow server"):
        elsewhere.register(person, "churn", RegisterRequest(run=succeed().id, model="model"))
    assert registry.versions == []


def test_metrics_of_a_version_stand_as_its_run_reported_them(
    models: ModelService, person: Actor, succeed: Callable[[], Run]
) -> None:
    version = models.register(person, "churn", RegisterRequest(run=succeed().id, model="model"))
    assert list(version.metrics) == ["loss", "auc", "auc_count", "auc_std", "accuracy"]


def test_what_the_run_did_not_report_keeps_its_order_behind() -> None:
    assert list(in_order({"b": 1, "a": 2, "c_std": 3}, ("a",))) == ["a", "b", "c_std"]
