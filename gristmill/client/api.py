"""Every route of the control plane that a client calls: the one table, typed. A test holds it against the OpenAPI."""

from collections.abc import Iterable

from gristmill.client.call import Call, call
from gristmill.core.small_blobs import Digests, SmallBlobs
from gristmill.core.wire import (
    AuditVerdict,
    Collection,
    CollectionRequest,
    EventPage,
    Opened,
    ServerStatus,
)
from gristmill.data_roots.model import ANYWHERE, DataRoot, DataRootRequest
from gristmill.endpoints.model import (
    DeployRequest,
    Endpoint,
    EndpointKey,
    EndpointLog,
    KeyEntry,
    KeyRequest,
    Traffic,
    TryOut,
    TryOutRequest,
)
from gristmill.environments.model import (
    Environment,
    EnvironmentAnswer,
    EnvironmentCheck,
    EnvironmentRequest,
    Prepared,
    PruneRequest,
)
from gristmill.interactive.model import InteractiveRequest, InteractiveRun, InteractiveSession, StartedSession
from gristmill.ledger.model import Usage
from gristmill.models.model import ModelVersion, RegisteredModel, RegisterRequest
from gristmill.profiles.model import ProfileStatus
from gristmill.runs.model import (
    PostMortemKernel,
    Run,
    RunChange,
    RunColumns,
    RunCounts,
    RunDetail,
    RunForecast,
    RunHistory,
    RunRequest,
    RunState,
)
from gristmill.secrets.model import Secret, SecretValue
from gristmill.snapshots.model import Snapshot, SnapshotRequest
from gristmill.utilisation.model import Utilisation


def status() -> Call[ServerStatus]:
    return call("GET", "/api/server", ServerStatus)


def stop_server(*, everything: bool = False) -> Call[ServerStatus]:
    return call("POST", "/api/server/stop", ServerStatus, query={"everything": everything})


def begin_collection(*, dry_run: bool = False) -> Call[Collection]:
    return call("POST", "/api/collection", Collection, body=CollectionRequest(dry_run=dry_run))


def get_collection() -> Call[Collection]:
    return call("GET", "/api/collection", Collection)


def open_page(path: str) -> Call[Opened]:
    return call("POST", "/api/open", Opened, body={"path": path})


def missing_blobs(digests: Iterable[str]) -> Call[Digests]:
    return call("POST", "/api/blobs/missing", Digests, body=Digests(digests=tuple(digests)))


def put_small_blobs(blobs: SmallBlobs) -> Call[None]:
    return call("POST", "/api/blobs", type(None), body=blobs)


def read_small_blobs(digests: Iterable[str]) -> Call[SmallBlobs]:
    return call("POST", "/api/blobs/read", SmallBlobs, body=Digests(digests=tuple(digests)))


def put_blob(digest: str, content: bytes) -> Call[None]:
    return call("PUT", "/api/blobs/{digest}", type(None), {"digest": digest}, content=content)


def get_blob(digest: str) -> Call[bytes]:
    return call("GET", "/api/blobs/{digest}", bytes, {"digest": digest})


def create_snapshot(request: SnapshotRequest) -> Call[Snapshot]:
    return call("POST", "/api/snapshots", Snapshot, body=request)


def get_snapshot(snapshot: str) -> Call[Snapshot]:
    return call("GET", "/api/snapshots/{snapshot}", Snapshot, {"snapshot": snapshot})


def list_profiles() -> Call[tuple[ProfileStatus, ...]]:
    return call("GET", "/api/profiles", tuple[ProfileStatus, ...])


def list_usage() -> Call[tuple[Usage, ...]]:
    return call("GET", "/api/ledger", tuple[Usage, ...])


def create_data_root(request: DataRootRequest) -> Call[DataRoot]:
    return call("POST", "/api/data-roots", DataRoot, body=request)


def list_data_roots(*, folder: str | None = None) -> Call[tuple[DataRoot, ...]]:
    return call("GET", "/api/data-roots", tuple[DataRoot, ...], query={"folder": folder})


def get_data_root(name: str, *, folder: str = ANYWHERE) -> Call[DataRoot]:
    return call("GET", "/api/data-roots/{name}", DataRoot, {"name": name}, query={"folder": folder})


def delete_data_root(name: str, *, folder: str = ANYWHERE) -> Call[DataRoot]:
    return call("DELETE", "/api/data-roots/{name}", DataRoot, {"name": name}, query={"folder": folder})


def create_environment(request: EnvironmentRequest) -> Call[Environment]:
    return call("POST", "/api/environments", Environment, body=request)


def list_environments() -> Call[tuple[Environment, ...]]:
    return call("GET", "/api/environments", tuple[Environment, ...])


def get_environment(name: str) -> Call[Environment]:
    return call("GET", "/api/environments/{name}", Environment, {"name": name})


def delete_environment(name: str) -> Call[Environment]:
    return call("DELETE", "/api/environments/{name}", Environment, {"name": name})


def check_environment(request: EnvironmentCheck) -> Call[EnvironmentAnswer]:
    return call("POST", "/api/environments/check", EnvironmentAnswer, body=request)


def prune_environments(request: PruneRequest) -> Call[tuple[Prepared, ...]]:
    return call("POST", "/api/environments/prune", tuple[Prepared, ...], body=request)


def create_run(request: RunRequest) -> Call[Run]:
    return call("POST", "/api/runs", Run, body=request)


def list_forecasts(notebook: str, *, source: str | None = None) -> Call[tuple[RunForecast, ...]]:
    query = {"notebook": notebook, "source": source}
    return call("GET", "/api/forecasts", tuple[RunForecast, ...], query=query)


def list_runs(
    *,
    state: RunState | None = None,
    notebook: str | None = None,
    text: str | None = None,
    label: str | None = None,
    metric: str | None = None,
    ascending: bool | None = None,
    before: int | None = None,
    limit: int = 50,
    query: str | None = None,
    sort: str | None = None,
    offset: int | None = None,
) -> Call[tuple[Run, ...]]:
    asked = {
        "state": state,
        "notebook": notebook,
        "text": text,
        "label": label,
        "metric": metric,
        "ascending": ascending,
        "before": before,
        "limit": limit,
        "query": query,
        "sort": sort,
        "offset": offset,
    }
    return call("GET", "/api/runs", tuple[Run, ...], query=asked)


def count_runs(
    *,
    state: RunState | None = None,
    notebook: str | None = None,
    text: str | None = None,
    label: str | None = None,
    query: str | None = None,
    by: str | None = None,
) -> Call[RunCounts]:
    asked = {"state": state, "notebook": notebook, "text": text, "label": label, "query": query, "by": by}
    return call("GET", "/api/run-counts", RunCounts, query=asked)


def list_run_columns() -> Call[RunColumns]:
    return call("GET", "/api/run-columns", RunColumns)


def change_run(run: str, request: RunChange) -> Call[Run]:
    return call("PATCH", "/api/runs/{run}", Run, {"run": run}, body=request)


def get_run(run: str) -> Call[RunDetail]:
    return call("GET", "/api/runs/{run}", RunDetail, {"run": run})


def get_utilisation(run: str) -> Call[Utilisation]:
    return call("GET", "/api/runs/{run}/utilisation", Utilisation, {"run": run})


def get_history(run: str, *, metrics: tuple[str, ...] | None = None, points: int = 500) -> Call[RunHistory]:
    query = {"metric": metrics, "points": points}
    return call("GET", "/api/runs/{run}/history", RunHistory, {"run": run}, query=query)


def delete_run(run: str) -> Call[Run]:
    return call("DELETE", "/api/runs/{run}", Run, {"run": run})


def cancel_run(run: str) -> Call[Run]:
    return call("POST", "/api/runs/{run}/cancel", Run, {"run": run})


def start_run_anyway(run: str) -> Call[Run]:
    return call("POST", "/api/runs/{run}/start-anyway", Run, {"run": run})


def rerun(run: str) -> Call[Run]:
    return call("POST", "/api/runs/{run}/rerun", Run, {"run": run})


def list_kernels() -> Call[tuple[PostMortemKernel, ...]]:
    return call("GET", "/api/kernels", tuple[PostMortemKernel, ...])


def end_kernel(kernel: str) -> Call[PostMortemKernel]:
    return call("DELETE", "/api/kernels/{kernel}", PostMortemKernel, {"kernel": kernel})


def list_run_events(run: str, *, after: int = 0, limit: int = 500) -> Call[EventPage]:
    return call("GET", "/api/runs/{run}/events", EventPage, {"run": run}, query={"after": after, "limit": limit})


def list_events(*, after: int = 0, limit: int = 500) -> Call[EventPage]:
    return call("GET", "/api/events", EventPage, query={"after": after, "limit": limit})


def executed_notebook(run: str) -> Call[bytes]:
    return call("GET", "/api/runs/{run}/notebook", bytes, {"run": run})


def get_output(run: str, name: str) -> Call[bytes]:
    return call("GET", "/api/runs/{run}/outputs/{name:path}", bytes, {"run": run, "name": name})


def start_interactive(request: InteractiveRequest) -> Call[StartedSession]:
    return call("POST", "/api/interactive", StartedSession, body=request)


def end_interactive(session: str) -> Call[InteractiveSession]:
    return call("DELETE", "/api/interactive/{session}", InteractiveSession, {"session": session})


def keep_interactive(session: str) -> Call[InteractiveSession]:
    return call("POST", "/api/interactive/{session}/alive", InteractiveSession, {"session": session})


def list_interactive_sessions(*, limit: int = 50) -> Call[tuple[InteractiveSession, ...]]:
    return call("GET", "/api/interactive", tuple[InteractiveSession, ...], query={"limit": limit})


def list_interactive_runs(*, limit: int = 50) -> Call[tuple[InteractiveRun, ...]]:
    return call("GET", "/api/interactive/runs", tuple[InteractiveRun, ...], query={"limit": limit})


def list_models() -> Call[tuple[RegisteredModel, ...]]:
    return call("GET", "/api/models", tuple[RegisteredModel, ...])


def get_model(name: str) -> Call[RegisteredModel]:
    return call("GET", "/api/models/{name}", RegisteredModel, {"name": name})


def get_model_version(name: str, version: str) -> Call[ModelVersion]:
    return call("GET", "/api/models/{name}/versions/{version}", ModelVersion, {"name": name, "version": version})


def register_model(name: str, request: RegisterRequest) -> Call[ModelVersion]:
    return call("POST", "/api/models/{name}/versions", ModelVersion, {"name": name}, body=request)


def list_endpoints() -> Call[tuple[Endpoint, ...]]:
    return call("GET", "/api/endpoints", tuple[Endpoint, ...])


def get_endpoint(name: str) -> Call[Endpoint]:
    return call("GET", "/api/endpoints/{name}", Endpoint, {"name": name})


def deploy(name: str, request: DeployRequest) -> Call[Endpoint]:
    return call("PUT", "/api/endpoints/{name}", Endpoint, {"name": name}, body=request)


def delete_endpoint(name: str) -> Call[Endpoint]:
    return call("DELETE", "/api/endpoints/{name}", Endpoint, {"name": name})


def get_traffic(name: str) -> Call[Traffic]:
    return call("GET", "/api/endpoints/{name}/traffic", Traffic, {"name": name})


def get_endpoint_log(name: str) -> Call[EndpointLog]:
    return call("GET", "/api/endpoints/{name}/log", EndpointLog, {"name": name})


def begin_try_out(request: TryOutRequest) -> Call[TryOut]:
    return call("POST", "/api/try-outs", TryOut, body=request)


def get_try_out(try_out: str) -> Call[TryOut]:
    return call("GET", "/api/try-outs/{try_out}", TryOut, {"try_out": try_out})


def end_try_out(try_out: str) -> Call[TryOut]:
    return call("DELETE", "/api/try-outs/{try_out}", TryOut, {"try_out": try_out})


def issue_endpoint_key(name: str, request: KeyRequest | None = None) -> Call[EndpointKey]:
    return call("POST", "/api/endpoints/{name}/keys", EndpointKey, {"name": name}, body=request or KeyRequest())


def list_endpoint_keys(name: str) -> Call[tuple[KeyEntry, ...]]:
    return call("GET", "/api/endpoints/{name}/keys", tuple[KeyEntry, ...], {"name": name})


def revoke_endpoint_key(name: str, key: str) -> Call[Endpoint]:
    return call("DELETE", "/api/endpoints/{name}/keys/{key}", Endpoint, {"name": name, "key": key})


def list_secrets() -> Call[tuple[Secret, ...]]:
    return call("GET", "/api/secrets", tuple[Secret, ...])


def set_secret(name: str, request: SecretValue) -> Call[Secret]:
    return call("PUT", "/api/secrets/{name}", Secret, {"name": name}, body=request)


def delete_secret(name: str) -> Call[Secret]:
    return call("DELETE", "/api/secrets/{name}", Secret, {"name": name})


def rotate_secrets() -> Call[tuple[Secret, ...]]:
    return call("POST", "/api/secrets/rotate", tuple[Secret, ...])


def verify_audit() -> Call[AuditVerdict]:
    return call("GET", "/api/audit/verify", AuditVerdict)
