"""MLflow's REST API, as far as the control plane needs it: plain HTTP, so that mlflow is never imported here."""

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx

from gristmill.core.clock import Clock
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError, TooLargeError
from gristmill.tracking import wire
from gristmill.tracking.address import MlflowAddress
from gristmill.tracking.errors import away, check
from gristmill.tracking.model import (
    ATTEMPT_TAG,
    PARENT_TAG,
    ArtifactEntry,
    LoggedModelEntry,
    MetricHistory,
    ModelVersionEntry,
    RegisteredModelEntry,
    TrackedRun,
    TrackedStatus,
    artifact_path,
)
from gristmill.tracking.workspaces import NoWorkspaces, Workspaces

_TIMEOUT = httpx.Timeout(30.0, connect=2.0)
_API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_HISTORY = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"  # thinned out over there; /api has no such
_PROMPT_TAG = "mlflow.prompt.is_prompt"


class TrackingClient:
    """Asks one MLflow server; its methods may be called from any thread.

    Raises, everywhere: UnavailableError when MLflow does not answer; NotFoundError, ConflictError and InvalidInputError
    with MLflow's own message.
    """

    def __init__(self, address: MlflowAddress, clock: Clock, workspaces: Workspaces | None = None) -> None:
        self._address = address
        self._http = address.client(_TIMEOUT)
        self._clock = clock
        self._workspaces = workspaces or NoWorkspaces()
        self._headers: dict[str, str] = {}

    def close(self) -> None:
        self._http.close()

    def of(self, project: str) -> Self:
        """As this project sees MLflow, by the same connections. What is asked without is of the project `default`."""
        seen = copy.copy(self)
        seen._headers = self._workspaces.headers(project)  # noqa: SLF001  # a copy of its own
        return seen

    # Experiments and runs

    def ensure_experiment(self, name: str) -> str:
        """The id of the experiment of this name, which is there and active afterwards."""
        try:
            found = self._get(f"{_API}/experiments/get-by-name", experiment_name=name)["experiment"]
        except NotFoundError:
            try:
                return str(self._post(f"{_API}/experiments/create", name=name)["experiment_id"])
            except ConflictError:  # made by another one in between
                found = self._get(f"{_API}/experiments/get-by-name", experiment_name=name)["experiment"]
        if found.get("lifecycle_stage") == "deleted":
            self._post(f"{_API}/experiments/restore", experiment_id=found["experiment_id"])
        return str(found["experiment_id"])

    def find_or_create_run(self, attempt_id: str, experiment_id: str, name: str, tags: Mapping[str, str]) -> str:
        """The id of the attempt's one MLflow run: found by its tag, made where there is none."""
        found = self.find_run(attempt_id, experiment_id)
        return found if found is not None else self.create_run(attempt_id, experiment_id, name, tags)

    def create_run(self, attempt_id: str, experiment_id: str, name: str, tags: Mapping[str, str]) -> str:
        """The id of a new MLflow run, which `find_run` finds by the attempt."""
        body = self._post(
            f"{_API}/runs/create",
            experiment_id=experiment_id,
            run_name=name,
            start_time=self._now(),
            tags=wire.pairs({**tags, ATTEMPT_TAG: attempt_id}),
        )
        return str(body["run"]["info"]["run_id"])

    def find_run(self, attempt_id: str, experiment_id: str) -> str | None:
        runs = self._search_runs(experiment_id, f"tags.`{ATTEMPT_TAG}` = {_quoted(attempt_id)}")
        # Should an answer have been lost and two been made, everybody takes the first.
        first = min(runs, key=lambda run: (run.started_at, run.id), default=None)
        return first.id if first else None

    def get_run(self, run_id: str) -> TrackedRun:
        return wire.run(self._get(f"{_API}/runs/get", run_id=run_id)["run"])

    def metric_history(self, run_id: str, name: str, limit: int) -> MetricHistory:
        """At most `limit` (1 to 2,400) of the values that the run logged, spread over all of them."""
        # One more than is wanted tells whether there are more.
        query = {"run_ids": run_id, "metric_key": name, "max_results": limit + 1}
        found = self._get(_HISTORY, **query).get("metrics", [])
        if len(found) <= limit:
            return wire.history(name, found)
        query["max_results"] = limit
        return wire.history(name, self._get(_HISTORY, **query).get("metrics", []), sampled=True)

    def child_runs(self, run: TrackedRun) -> tuple[TrackedRun, ...]:
        """The runs below this one, and theirs, and so on."""
        found: dict[str, TrackedRun] = {}
        waiting = [run.id]
        while waiting:
            parent = waiting.pop()
            for child in self._search_runs(run.experiment_id, f"tags.`{PARENT_TAG}` = {_quoted(parent)}"):
                if child.id not in found:
                    found[child.id] = child
                    waiting.append(child.id)
        return tuple(sorted(found.values(), key=lambda child: (child.started_at, child.id)))

    def tagged_runs(self, experiments: tuple[str, ...], tag: str, *, limit: int) -> tuple[TrackedRun, ...]:
        """The newest runs of these experiments that have the tag, whatever it says."""
        page = self._post(
            f"{_API}/runs/search",
            experiment_ids=list(experiments),
            filter=f"tags.`{tag}` LIKE '%'",
            run_view_type="ACTIVE_ONLY",
            max_results=limit,
            order_by=["attributes.start_time DESC"],
        )
        return tuple(wire.run(entry) for entry in page.get("runs", []))

    def open_runs(self, experiment: str, tag: str, value: str) -> tuple[TrackedRun, ...]:
        """Runs with this tag that have not ended."""
        found = self._search_runs(experiment, f"tags.`{tag}` = {_quoted(value)}")
        return tuple(run for run in found if run.status is TrackedStatus.RUNNING)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        self._post(f"{_API}/runs/log-batch", run_id=run_id, tags=wire.pairs(tags))

    def end_run(self, run_id: str, status: TrackedStatus) -> None:
        """Ends the run and what is still open below it, whatever a notebook has said of their state."""
        run = self.get_run(run_id)
        unfinished = [child for child in self.child_runs(run) if child.status is TrackedStatus.RUNNING]
        for one in (*unfinished, run):
            self._post(f"{_API}/runs/update", run_id=one.id, status=status.value, end_time=self._now())

    # Logged models

    def logged_models(self, run_id: str) -> tuple[LoggedModelEntry, ...]:
        """The models that this run has logged, oldest first; those of runs below it are theirs."""
        models = self._search_models(self.get_run(run_id).experiment_id, f"source_run_id = {_quoted(run_id)}")
        return tuple(sorted(models, key=lambda model: (model.created_at, model.id)))

    def logged_model(self, model_id: str) -> LoggedModelEntry:
        return wire.logged_model(self._get(f"{_API}/logged-models/{quote(model_id, safe='')}")["model"])

    # The registry

    def create_registered_model(self, name: str, description: str | None = None) -> None:
        """Makes sure that a registered model has this name; one that is there is left as it is."""
        with contextlib.suppress(ConflictError):
            self._post(f"{_API}/registered-models/create", name=name, description=description)

    def create_version(
        self,
        name: str,
        *,
        source: str,
        run_id: str | None = None,
        model_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
    ) -> ModelVersionEntry:
        if model_id is None and source.startswith("models:/m-"):
            model_id = source.removeprefix("models:/")
        if model_id is not None:
            self.logged_model(model_id)  # MLflow itself answers 500 where it is not there
        body = self._post(
            f"{_API}/model-versions/create",
            name=name,
            source=source,
            run_id=run_id,
            model_id=model_id,
            tags=wire.pairs(tags or {}),
            description=description,
        )
        return wire.version(body["model_version"])

    def registered_model(self, name: str) -> RegisteredModelEntry:
        return wire.registered_model(self._get(f"{_API}/registered-models/get", name=name)["registered_model"])

    def list_models(self) -> tuple[RegisteredModelEntry, ...]:
        """Every registered model by name; MLflow keeps its prompts in the same table, they are left out."""
        found = self._pages(f"{_API}/registered-models/search", "registered_models", max_results=200)
        models = (wire.registered_model(entry) for entry in found)
        return tuple(sorted((model for model in models if _PROMPT_TAG not in model.tags), key=lambda one: one.name))

    def get_version(self, name: str, version: str) -> ModelVersionEntry:
        return wire.version(self._get(f"{_API}/model-versions/get", name=name, version=version)["model_version"])

    def list_versions(self, name: str) -> tuple[ModelVersionEntry, ...]:
        """The versions of one model, oldest first."""
        found = self._pages(
            f"{_API}/model-versions/search", "model_versions", filter=f"name = {_quoted(name)}", max_results=200
        )
        return tuple(sorted((wire.version(entry) for entry in found), key=lambda one: int(one.version)))

    def version_path(self, name: str, version: str) -> str:
        """Where the version's files lie below the artifact root."""
        uri = self._get(f"{_API}/model-versions/get-download-uri", name=name, version=version)["artifact_uri"]
        return artifact_path(uri)

    # Artifacts

    def list_artifacts(self, path: str) -> tuple[ArtifactEntry, ...]:
        """What lies directly in this folder of the artifact root."""
        files = self._get(_ARTIFACTS, path=path).get("files", [])
        return tuple(wire.artifact(path, entry) for entry in files)

    def read_artifact(self, path: str, limit: int) -> bytes:
        """The file's content.

        Raises:
            InvalidInputError: the path leads out of the artifact root.
            TooLargeError: it has more than `limit` bytes.
        """
        if any(part in {"", ".", ".."} for part in path.split("/")):
            raise InvalidInputError(f"artifact path {path!r} is not valid: expected a relative path without '..'")
        url = f"{_ARTIFACTS}/{quote(path)}"
        data = bytearray()
        try:
            with self._http.stream("GET", url, headers=self._headers) as response:
                if not response.is_success:
                    response.read()
                    check(response)
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > limit:
                        raise TooLargeError(f"artifact {path!r} is larger than {limit} bytes")
        except httpx.HTTPError as error:
            raise away(error, self._address.reason()) from error
        return bytes(data)

    # Plumbing

    def _get(self, path: str, /, **query: Any) -> dict[str, Any]:
        return self._call("GET", path, params={key: value for key, value in query.items() if value is not None})

    def _post(self, path: str, /, **body: Any) -> dict[str, Any]:
        return self._call("POST", path, json={key: value for key, value in body.items() if value is not None})

    def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, headers=self._headers, **how)
        except httpx.HTTPError as error:
            raise away(error, self._address.reason()) from error
        check(response)
        answer: dict[str, Any] = response.json()
        return answer

    def _search_runs(self, experiment_id: str, matching: str) -> list[TrackedRun]:
        found: list[TrackedRun] = []
        token: str | None = None
        while True:
            page = self._post(
                f"{_API}/runs/search",
                experiment_ids=[experiment_id],
                filter=matching,
                run_view_type="ACTIVE_ONLY",
                max_results=1000,
                page_token=token,
            )
            found += [wire.run(entry) for entry in page.get("runs", [])]
            if not (token := page.get("next_page_token")):
                return found

    def _search_models(self, experiment_id: str, matching: str) -> list[LoggedModelEntry]:
        found: list[LoggedModelEntry] = []
        token: str | None = None
        while True:
            page = self._post(
                f"{_API}/logged-models/search",
                experiment_ids=[experiment_id],
                filter=matching,
                max_results=50,
                page_token=token,
            )
            found += [wire.logged_model(entry) for entry in page.get("models", [])]
            if not (token := page.get("next_page_token")):
                return found

    def _pages(self, path: str, key: str, /, **query: Any) -> Iterator[dict[str, Any]]:
        token: str | None = None
        while True:
            page = self._get(path, **query, page_token=token)
            yield from page.get(key, [])
            if not (token := page.get("next_page_token")):
                return

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _quoted(value: str) -> str:
    """`value` as a string of MLflow's filter language, which knows no escapes."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise InvalidInputError(f"{value!r} cannot be searched for: it has both kinds of quotation marks")
