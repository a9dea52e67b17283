"""HTTP of endpoints: for people, and for the supervisors that pull what they serve."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, SecurityScopes

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.http import PROBLEMS, bearer, current_actor, provide, requires, streamed
from gristmill.core.scopes import Actor, Scope
from gristmill.core.settings import Settings
from gristmill.endpoints import keys, service, traffic, try_outs
from gristmill.endpoints.backends.base import EndpointBackend
from gristmill.endpoints.gateway import Gateway, GatewayKeys, KeyHolder
from gristmill.endpoints.logs import EndpointLogs
from gristmill.endpoints.model import (
    KEY,
    Address,
    DeployRequest,
    DesiredState,
    Endpoint,
    EndpointKey,
    EndpointLog,
    KeyEntry,
    KeyRequest,
    Observed,
    Traffic,
    TryOut,
    TryOutRequest,
    key_hash,
    key_id,
)
from gristmill.models.service import ModelService
from gristmill.profiles.model import Catalogue

router = APIRouter(prefix="/api", tags=["endpoints"], responses=PROBLEMS)
gateway_router = APIRouter(prefix="/endpoints", tags=["endpoints"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]
ClockOf = Annotated[Clock, Depends(provide(Clock))]
CatalogueOf = Annotated[Catalogue, Depends(provide(Catalogue))]
BackendOf = Annotated[EndpointBackend, Depends(provide(EndpointBackend))]
LogsOf = Annotated[EndpointLogs, Depends(provide(EndpointLogs))]
ModelsOf = Annotated[ModelService, Depends(provide(ModelService))]
SettingsOf = Annotated[Settings, Depends(provide(Settings))]
GatewayOf = Annotated[Gateway, Depends(provide(Gateway))]
GatewayKeysOf = Annotated[GatewayKeys, Depends(provide(GatewayKeys))]
Reader = Annotated[Actor, requires(Scope.READ)]
Writer = Annotated[Actor, requires(Scope.ENDPOINTS_WRITE)]
UNNAMED = KeyRequest()
Supervisor = Annotated[Actor, requires(Scope.ENDPOINT)]


@router.get("/endpoints", summary="List endpoints")
def list_endpoints(actor: Reader, db: DatabaseOf, settings: SettingsOf) -> list[Endpoint]:
    with db.read() as tx:
        return [_reached(one, settings) for one in service.list_endpoints(tx, actor)]


@router.get("/endpoints/{name}", summary="One endpoint")
def get_endpoint(name: str, actor: Reader, db: DatabaseOf, settings: SettingsOf) -> Endpoint:
    with db.read() as tx:
        return _reached(service.find(tx, actor, name), settings)


@router.put("/endpoints/{name}", summary="Deploy a model version")
def deploy(
    name: str,
    request: DeployRequest,
    actor: Writer,
    db: DatabaseOf,
    clock: ClockOf,
    catalogue: CatalogueOf,
    models: ModelsOf,
    backend: BackendOf,
    settings: SettingsOf,
) -> Endpoint:
    """Makes the endpoint, or a new generation of it. What serves now stays until that has answered its example."""
    version = models.version(actor, request.model, request.version)
    address = _address(db, backend, actor, name)
    with db.write() as tx:
        made = service.deploy(tx, actor, name, request, version, catalogue=catalogue, address=address, clock=clock)
    return _reached(made, settings)


@router.delete("/endpoints/{name}", summary="Delete an endpoint")
def delete_endpoint(name: str, actor: Writer, db: DatabaseOf, clock: ClockOf) -> Endpoint:
    with db.write() as tx:
        return service.delete(tx, actor, name, clock)


@router.get("/endpoints/{name}/traffic", summary="What an endpoint has answered")
def get_traffic(name: str, actor: Reader, db: DatabaseOf, clock: ClockOf, gateway: GatewayKeysOf) -> Traffic:
    """Asked of the endpoint itself; 503 where it does not answer. Counters since its worker's start."""
    with db.read() as tx:
        endpoint = service.find(tx, actor, name)
        known = [*keys.list_keys(tx, actor, name), _of_gateway(endpoint, gateway)]
    return traffic.traffic_of(traffic.fetch(endpoint), known, clock.now())


@router.get("/endpoints/{name}/log", summary="The end of an endpoint's log")
def get_log(name: str, actor: Reader, logs: LogsOf) -> EndpointLog:
    return logs.read(actor, name)


@router.post("/try-outs", status_code=201, summary="Try a model version out")
def begin_try_out(
    request: TryOutRequest,
    actor: Writer,
    db: DatabaseOf,
    clock: ClockOf,
    catalogue: CatalogueOf,
    models: ModelsOf,
    backend: BackendOf,
) -> TryOut:
    """Loads it and asks it its input example, as an endpoint would before it goes live. Nobody can call it."""
    version = models.version(actor, request.model, request.version)
    address = _address(db, backend, actor, None)
    with db.write() as tx:
        return try_outs.begin(tx, actor, request, version, catalogue=catalogue, address=address, clock=clock)


@router.get("/try-outs/{try_out}", summary="How a try-out goes")
def get_try_out(try_out: str, actor: Reader, db: DatabaseOf) -> TryOut:
    with db.read() as tx:
        return try_outs.find(tx, actor, try_out)


@router.delete("/try-outs/{try_out}", summary="End a try-out")
def end_try_out(try_out: str, actor: Writer, db: DatabaseOf, clock: ClockOf) -> TryOut:
    with db.write() as tx:
        return try_outs.end(tx, actor, try_out, clock)


@router.get("/endpoints/{name}/keys", summary="List API keys")
def list_keys(name: str, actor: Reader, db: DatabaseOf) -> list[KeyEntry]:
    """Oldest first. A key itself is shown once, when it is issued."""
    with db.read() as tx:
        return keys.list_keys(tx, actor, name)


@router.post("/endpoints/{name}/keys", status_code=201, summary="Issue an API key")
def issue_key(name: str, actor: Writer, db: DatabaseOf, clock: ClockOf, request: KeyRequest = UNNAMED) -> EndpointKey:
    """The key is shown this once. Callers send it as `Authorization: Bearer …`."""
    with db.write() as tx:
        return keys.issue(tx, actor, name, request, clock)


@router.delete("/endpoints/{name}/keys/{key}", summary="Revoke an API key")
def revoke_key(name: str, key: str, actor: Writer, db: DatabaseOf, clock: ClockOf) -> Endpoint:
    """`key` is its id or name. Answers the endpoint in the generation from which on the key is refused."""
    with db.write() as tx:
        return keys.revoke(tx, actor, name, key, clock)


@router.get("/endpoints/{name}/desired", summary="What an endpoint should serve", tags=["supervisors"])
def get_desired(
    name: str, actor: Supervisor, db: DatabaseOf, catalogue: CatalogueOf, gateway: GatewayKeysOf
) -> DesiredState:
    with db.read() as tx:
        return service.desired(tx, actor, name, catalogue, gateway=gateway.of)


@router.put("/endpoints/{name}/observed", status_code=204, summary="What an endpoint serves", tags=["supervisors"])
def put_observed(name: str, seen: Observed, actor: Supervisor, db: DatabaseOf, clock: ClockOf) -> Response:
    with db.write() as tx:
        service.observe(tx, actor, name, seen, clock)
    return Response(status_code=204)


def _caller(
    request: Request,
    wanted: SecurityScopes,
    credentials: HTTPAuthorizationCredentials | None = Security(bearer),  # FastAPI's way
) -> Actor | KeyHolder:
    """Who has the scope, or an API key: whether it is one of the endpoint's, the gateway sees."""
    if credentials is not None and credentials.credentials.startswith(KEY):
        return KeyHolder(credentials.credentials)
    return current_actor(request, wanted, credentials)


Caller = Annotated[Actor | KeyHolder, Security(_caller, scopes=[Scope.ENDPOINTS_CALL.value])]
_ANSWER: dict[int | str, dict[str, Any]] = streamed("application/json", "What the endpoint answers, as it arrives")


@gateway_router.post("/{name}/invocations", summary="Ask an endpoint", responses=_ANSWER, response_class=Response)
async def invoke(name: str, caller: Caller, request: Request, gateway: GatewayOf) -> Response:
    """By MLflow's protocol, with an API key of the endpoint's or a token: the gateway passes it on."""
    return await gateway.answer(caller, name, "invocations", request)


@gateway_router.post(
    "/{name}/v2/models/{model}/infer", summary="Infer with an endpoint", responses=_ANSWER, response_class=Response
)
async def infer(name: str, model: str, caller: Caller, request: Request, gateway: GatewayOf) -> Response:
    """The same by the Open Inference Protocol."""
    if model in {".", ".."}:
        raise InvalidInputError(f"{model!r} is no name of a model", hint="It is the endpoint's own name.")
    return await gateway.answer(caller, name, f"v2/models/{quote(model, safe='')}/infer", request)


def _reached(endpoint: Endpoint, settings: Settings) -> Endpoint:
    """With where the gateway is for those who are elsewhere, if there is an elsewhere."""
    gateway = settings.public_url or settings.advertised_url
    return endpoint if gateway is None else replace(endpoint, gateway=f"{gateway}/endpoints/{endpoint.name}")


def _of_gateway(endpoint: Endpoint, gateway: GatewayKeys) -> KeyEntry:
    """What the gateway has called with, by a name for the list of callers."""
    of = key_id(key_hash(gateway.of(endpoint.id)))
    return KeyEntry(
        id=of, endpoint=endpoint.name, name="gateway", created_by="control plane", created_at=endpoint.created_at
    )


def _address(db: Database, backend: EndpointBackend, actor: Actor, name: str | None) -> Address:
    with db.read() as tx:
        taken = service.ports_taken(tx)
    return backend.address(actor.project_id, name, taken)
