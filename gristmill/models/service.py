"""Registering models and looking at them. MLflow is the registry, asked over REST; nothing of a model is loaded."""

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from gristmill.core import audit, events
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError
from gristmill.core.scopes import Actor, Scope
from gristmill.models.mlmodel import LIMIT, ModelFile, read_model_file
from gristmill.models.model import ModelVersion, RegisteredModel, RegisterRequest
from gristmill.models.unknown import unknown_model, unknown_version
from gristmill.runs import service as runs
from gristmill.runs.model import Run, RunState
from gristmill.tracking.model import MACHINE, OWN_SERVER, LoggedModelEntry, ModelVersionEntry, RegisteredModelEntry
from gristmill.tracking.rest import TrackingClient

RUN_TAG = "gristmill.run"


@dataclass(frozen=True)
class ModelService:
    """Talks to MLflow outside of any transaction: its rows are MLflow's own."""

    db: Database
    tracking: TrackingClient
    clock: Clock
    server: str | None = None  # the URL of an MLflow server that is not our own
    # Who asks again while the first question is still being answered must find what that makes.
    _registering: threading.Lock = field(default_factory=threading.Lock)

    def register(self, actor: Actor, name: str, request: RegisterRequest) -> ModelVersion:
        """The version of `name` that is this model of the run: asked again, the same one.

        Raises:
            ConflictError: the run did not succeed.
            InvalidInputError: it logged no model, or several and none is named.
        """
        actor.require(Scope.MODELS_WRITE)
        check_name(name)
        with self.db.read() as tx:
            run = runs.find(tx, actor, request.run)
        model = self._logged(run, request.model)
        # A version that cannot be shown, let alone deployed, is not made.
        self._model_file(actor, name, "new", model.artifact_path)
        with self._registering:
            known = self._known(name, run, model)
            entry = known or self._create(name, run, model, request.description)
        detail = {"version": entry.version, "run": run.id, "model": model.id}
        with self.db.write() as tx:
            # Also where it was known: whoever made it may have ended before it could write this down.
            audit.record(tx, actor, time=self.clock.now(), action="model.register", subject=name, detail=detail)
            if known is None:
                self._announce(tx, actor, name, entry.version)
        return self.version(actor, name, entry.version)

    def _mlflow(self, project: str) -> TrackingClient:
        return self.tracking.of(project)

    def _announce(self, tx: Tx, actor: Actor, name: str, version: str) -> None:
        now, data = self.clock.now(), {"name": name, "version": version}
        events.append(tx, project_id=actor.project_id, time=now, kind="model.registered", subject=name[:80], data=data)

    def list_models(self, actor: Actor) -> list[RegisteredModel]:
        actor.require(Scope.READ)
        return [
            RegisteredModel(
                project_id=actor.project_id,
                name=entry.name,
                created_at=entry.created_at,
                description=entry.description,
                versions=self._versions(actor, entry.name),
            )
            for entry in self._mlflow(actor.project_id).list_models()
        ]

    def model(self, actor: Actor, name: str) -> RegisteredModel:
        actor.require(Scope.READ)
        entry = self._registered(actor, name)
        return RegisteredModel(
            project_id=actor.project_id,
            name=entry.name,
            created_at=entry.created_at,
            description=entry.description,
            versions=self._versions(actor, entry.name),
        )

    def version(self, actor: Actor, name: str, version: str) -> ModelVersion:
        """One version whole: with what its `MLmodel` file says, its input example and its run's metrics."""
        actor.require(Scope.READ)
        if not version.isdecimal():
            raise InvalidInputError(f"model version {version[:40]!r} is not valid: expected a number, as in churn/3")
        found = self._with_own_run(actor, self._brief(actor, self._version(actor, name, version)))
        path = self._mlflow(actor.project_id).version_path(name, version)
        file = self._model_file(actor, name, version, path)
        return replace(
            found,
            artifact_path=path,
            flavors=file.flavors,
            signature=file.signature,
            suggestion=file.suggestion,
            metrics=self._metrics(found),
            input_example=self._example(actor, path, file),
        )

    def _known(self, name: str, run: Run, model: LoggedModelEntry) -> ModelVersionEntry | None:
        """The first version that was made of this model and run."""
        try:
            versions = self._mlflow(run.project_id).list_versions(name)
        except NotFoundError:
            return None
        own = (one for one in versions if one.tags.get(RUN_TAG) == run.id)
        return next((one for one in own if model.id in {one.model_id, one.source.removeprefix("models:/")}), None)

    def _create(self, name: str, run: Run, model: LoggedModelEntry, description: str | None) -> ModelVersionEntry:
        mlflow = self._mlflow(run.project_id)
        mlflow.create_registered_model(name)
        return mlflow.create_version(
            name,
            source=f"models:/{model.id}",
            run_id=model.run_id or (run.attempt.tracking_run if run.attempt else None),
            model_id=model.id,
            tags={RUN_TAG: run.id},
            description=description,
        )

    def _registered(self, actor: Actor, name: str) -> RegisteredModelEntry:
        mlflow = self._mlflow(actor.project_id)
        try:
            return mlflow.registered_model(name)
        except NotFoundError as error:
            raise unknown_model(name, [model.name for model in mlflow.list_models()]) from error

    def _version(self, actor: Actor, name: str, version: str) -> ModelVersionEntry:
        mlflow = self._mlflow(actor.project_id)
        try:
            return mlflow.get_version(name, version)
        except NotFoundError as error:
            self._registered(actor, name)
            raise unknown_version(name, version, [one.version for one in mlflow.list_versions(name)]) from error

    def _versions(self, actor: Actor, name: str) -> tuple[ModelVersion, ...]:
        """With the metrics that their runs reported: MLflow is not asked once more for each of them."""
        versions = tuple(self._brief(actor, entry) for entry in self._mlflow(actor.project_id).list_versions(name))
        with self.db.read() as tx:
            made_by = runs.find_all(tx, actor, {one.run_id for one in versions if one.run_id})
        return tuple(_with_run(one, made_by.get(one.run_id or "")) for one in versions)

    def _brief(self, actor: Actor, entry: ModelVersionEntry) -> ModelVersion:
        return ModelVersion(
            project_id=actor.project_id,
            name=entry.name,
            version=entry.version,
            source=entry.source,
            artifact_path="",
            created_at=entry.created_at,
            status=entry.status,
            run_id=entry.tags.get(RUN_TAG) or self._run_of(actor, entry.run_id),
            tracking_run=entry.run_id,
            description=entry.description,
            aliases=entry.aliases,
        )

    def _logged(self, run: Run, wanted: str | None) -> LoggedModelEntry:
        if run.state is not RunState.SUCCEEDED:
            raise ConflictError(
                f"run {run.name} {run.state}: only the model of a run that succeeded can be registered",
                hint="See `gristmill runs show`, and run it again.",
            )
        if run.attempt and run.attempt.tracking_server != self.server:
            raise ConflictError(
                f"run {run.name} is tracked by {run.attempt.tracking_server or OWN_SERVER}, which is not asked now",
                hint="Its model is there still: GRISTMILL_MLFLOW_URL says which MLflow server is asked.",
            )
        tracked = run.attempt.tracking_run if run.attempt else None
        models = self._all_logged(run, tracked) if tracked else ()
        matching = [model for model in models if wanted in {None, model.id, model.name}]
        names = ", ".join(f"{model.name} ({model.id})" for model in models)
        if not models:
            raise InvalidInputError(
                f"run {run.name} logged no model",
                hint="Log one in the notebook: mlflow.sklearn.log_model(model, name='model', signature=…).",
            )
        if not matching:
            raise InvalidInputError(f"run {run.name} logged no model {wanted!r}: expected one of {names}")
        if len(matching) > 1 and wanted is None:
            raise InvalidInputError(
                f"run {run.name} logged {len(models)} models: {names}", hint="Name one with --model."
            )
        return matching[-1]

    def _all_logged(self, run: Run, tracked: str) -> tuple[LoggedModelEntry, ...]:
        mlflow = self._mlflow(run.project_id)
        own = mlflow.logged_models(tracked)
        children = mlflow.child_runs(mlflow.get_run(tracked))
        return own + tuple(model for child in children for model in mlflow.logged_models(child.id))

    def _run_of(self, actor: Actor, tracked: str | None) -> str | None:
        if not tracked:
            return None
        with self.db.read() as tx:
            return runs.tracked_as(tx, actor, tracked)

    def _with_own_run(self, actor: Actor, version: ModelVersion) -> ModelVersion:
        with self.db.read() as tx:
            made_by = runs.find_all(tx, actor, [version.run_id] if version.run_id else [])
        return _with_run(version, made_by.get(version.run_id or ""))

    def _metrics(self, version: ModelVersion) -> dict[str, float]:
        """In the order in which the run's notebook reported them; its own are known by now."""
        if not version.tracking_run:
            return {}
        try:
            found = self._mlflow(version.project_id).get_run(version.tracking_run).metrics
        except NotFoundError:
            return {}  # the run was deleted; its model stays
        own = {name: value for name, value in found.items() if not name.startswith(MACHINE)}
        return in_order(own, tuple(version.metrics))

    def _model_file(self, actor: Actor, name: str, version: str, path: str) -> ModelFile:
        if not path:
            raise InvalidInputError(
                f"the files of {name}/{version} lie outside this registry's artifact store",
                hint="Log the model in a run of this control plane, on an MLflow server that hands on artifacts "
                "(docs/tracking.md), and register that.",
            )
        return read_model_file(self._mlflow(actor.project_id).read_artifact(f"{path}/MLmodel", LIMIT))

    def _example(self, actor: Actor, path: str, file: ModelFile) -> dict[str, Any] | None:
        if file.example is None or "/" in file.example:
            return None
        try:
            loaded = json.loads(self._mlflow(actor.project_id).read_artifact(f"{path}/{file.example}", LIMIT))
        except (NotFoundError, ValueError):
            return None
        if not isinstance(loaded, dict):
            return None
        # Older models keep the example as a bare split frame; `/invocations` takes it under a name.
        return {"dataframe_split": loaded} if {"columns", "data"} <= loaded.keys() else loaded


def _with_run(version: ModelVersion, run: Run | None) -> ModelVersion:
    """The version with what its run is called and has reported; without, where the run was deleted."""
    if run is None:
        return version
    return replace(version, run_name=run.name, metrics={name: one.value for name, one in run.metrics.items()})


def in_order(metrics: dict[str, float], first: tuple[str, ...]) -> dict[str, float]:
    """`metrics` with those named `first` in front; what belongs to one (`auc_std`, `auc_count`) follows it."""
    places = {name: place for place, name in enumerate(first)}

    def place(name: str) -> int:
        base, _, part = name.rpartition("_")
        return places.get(name, places.get(base, len(places)) if part in {"std", "count"} else len(places))

    return {name: metrics[name] for name in sorted(metrics, key=place)}


def check_name(name: str) -> str:
    if not name or len(name) > 200 or not name.isprintable() or "/" in name or ":" in name or name != name.strip():
        raise InvalidInputError(
            f"model name {name[:200]!r} is not allowed: expected 1 to 200 printable characters without '/' and ':'"
        )
    return name
