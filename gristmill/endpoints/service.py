"""What may happen to an endpoint."""

from collections.abc import Callable
from dataclasses import replace

from gristmill.core import audit, events
from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from gristmill.core.ids import new_id
from gristmill.core.scopes import Actor, Scope
from gristmill.endpoints import store
from gristmill.endpoints.model import (
    ENDPOINT_PROTOCOL,
    EVERYWHERE,
    LOOPBACK,
    Address,
    Answers,
    DeployRequest,
    DesiredState,
    Endpoint,
    EndpointState,
    Observed,
    Variant,
    check_name,
    key_hash,
    loopback_url,
)
from gristmill.ledger import service as ledger
from gristmill.models.model import ModelVersion
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve

TARGETS = ("dev",)
VARIANT = "main"
OUTCOMES = (EndpointState.READY, EndpointState.FAILED)


def deploy(
    tx: Tx,
    actor: Actor,
    name: str,
    request: DeployRequest,
    version: ModelVersion,
    *,
    catalogue: Catalogue,
    address: Address,
    clock: Clock,
) -> Endpoint:
    """The endpoint with a new generation that serves this version; it is made if it is not there yet.

    What serves now goes on serving until the new generation has answered its input example.
    """
    actor.require(Scope.ENDPOINTS_WRITE)
    check_name(name)
    if request.target not in TARGETS:
        raise InvalidInputError(f"no target {request.target!r}: expected one of {', '.join(TARGETS)}")
    given = catalogue.given_by(actor.groups)
    variant = variant_of(version, profile=request.profile, answers=request.answers, catalogue=given)
    now = clock.now()
    known = store.find(tx, actor.project_id, name, lock=True)
    if known is not None and known.expires_at is not None:
        raise ConflictError(f"{name!r} is the name of a try-out", hint="Take another one.")
    if known is None:
        _check_not_deleting(tx, actor, name)
        endpoint = Endpoint(
            id=new_id("endpoint", now),
            project_id=actor.project_id,
            name=name,
            target=request.target,
            url=address.url,
            port=address.port,
            generation=1,
            open=request.open,
            state=EndpointState.STARTING,
            variants=(variant,),
            created_by=actor.name,
            created_at=now,
            updated_at=now,
        )
        store.insert(tx, endpoint)
    else:
        endpoint = replace(known, generation=known.generation + 1, open=request.open, variants=(variant,))
        store.update(tx, known.id, generation=endpoint.generation, open=request.open, updated_at=now)
        store.replace_variants(tx, endpoint)
    announce(tx, endpoint, "endpoint.deployed", clock, model=version.name, version=version.version)
    detail = {"model": version.name, "version": version.version, "generation": endpoint.generation}
    audit.record(tx, actor, time=now, action="endpoint.deploy", subject=name, detail=detail)
    return find(tx, actor, name)


def variant_of(version: ModelVersion, *, profile: str | None, answers: Answers | None, catalogue: Catalogue) -> Variant:
    """The version as the one variant of an endpoint.

    Raises:
        InvalidInputError: there is no such profile for endpoints, or it never fits on this machine.
    """
    found = resolve(catalogue, profile, ProfileUse.ENDPOINT)
    if not found.resources.fits_in(catalogue.capacity):
        raise InvalidInputError(
            f"profile {found.name!r} asks for more than this machine has in all",
            hint="Take a smaller one: `gristmill profiles` lists them.",
        )
    return Variant(
        name=VARIANT,
        model=version.name,
        version=version.version,
        artifact_path=version.artifact_path,
        profile=found.name,
        answers=answers,
    )


def find(tx: Tx, actor: Actor, name: str) -> Endpoint:
    actor.require(Scope.READ)
    return named(tx, actor, name)


def list_endpoints(tx: Tx, actor: Actor) -> list[Endpoint]:
    actor.require(Scope.READ)
    table = store.endpoints
    to_be_called = (table.c.deleting.is_(False), table.c.expires_at.is_(None))
    return store.load(tx, table.c.project_id == actor.project_id, *to_be_called)


def every_id(tx: Tx) -> list[str]:
    """The ids of all endpoints and try-outs, those that are being deleted too."""
    return [endpoint.id for endpoint in store.load(tx)]


def ports_taken(tx: Tx) -> frozenset[int]:
    return store.ports(tx)


def delete(tx: Tx, actor: Actor, name: str, clock: Clock) -> Endpoint:
    """The endpoint stops serving; its name is free once its processes are gone."""
    actor.require(Scope.ENDPOINTS_WRITE)
    endpoint = named(tx, actor, name, lock=True)
    store.update(tx, endpoint.id, deleting=True, updated_at=clock.now())
    announce(tx, endpoint, "endpoint.deleted", clock)
    audit.record(tx, actor, time=clock.now(), action="endpoint.delete", subject=name)
    return endpoint


def desired(
    tx: Tx, actor: Actor, name: str, catalogue: Catalogue, *, gateway: Callable[[str], str] | None = None
) -> DesiredState:
    """What the endpoint's supervisor pulls. A generation whose profile is not free yet waits: what serves goes on.

    `gateway` says by which key the gateway calls it; nobody calls a try-out.
    """
    actor.require(Scope.ENDPOINT)
    endpoint = _own(tx, actor, name)
    held = ledger.profiles_held(tx).get(endpoint.id)
    profiles = [resolve(catalogue, variant.profile, ProfileUse.ENDPOINT) for variant in endpoint.variants]
    own = () if gateway is None or endpoint.expires_at is not None else (key_hash(gateway(endpoint.id)),)
    return DesiredState(
        protocol=ENDPOINT_PROTOCOL,
        endpoint=endpoint.id,
        name=endpoint.name,
        generation=endpoint.generation,
        host=LOOPBACK if endpoint.url == loopback_url(endpoint.port) else EVERYWHERE,
        port=endpoint.port,
        variants=endpoint.variants,
        key_hashes=(*store.key_hashes(tx, endpoint.id), *own),
        open=endpoint.open,
        cpu=max(profile.resources.cpu for profile in profiles),
        waits=held is not None and held != endpoint.variants[0].profile,
    )


def observe(tx: Tx, actor: Actor, name: str, seen: Observed, clock: Clock) -> None:
    """Takes what the supervisor sees; a change of it is an event."""
    actor.require(Scope.ENDPOINT)
    see(tx, _own(tx, actor, name), seen, clock)


def see(tx: Tx, endpoint: Endpoint, seen: Observed, clock: Clock) -> None:
    """The same without asking who says it: for the control loop. A try-out's outcome is its last word."""
    before = endpoint.observed
    if endpoint.expires_at is not None and before is not None and before.state in OUTCOMES:
        return
    store.put_observed(tx, endpoint.id, seen)
    if before is None or _news(before) != _news(seen):
        announce(
            tx,
            endpoint,
            f"endpoint.{seen.state}",
            clock,
            state=seen.state.value,
            generation=seen.generation,
            message=seen.message,
            phase=seen.phase.value if seen.phase else None,
        )


def _news(seen: Observed) -> tuple[object, ...]:
    """What makes an event when it changes."""
    return seen.state, seen.generation, seen.failed_generation, seen.restarts, seen.phase


def artifact_prefixes(tx: Tx, actor: Actor) -> tuple[str, ...]:
    """The model files that an endpoint's supervisor may read."""
    table = store.endpoints
    found = store.load(tx, table.c.project_id == actor.project_id, table.c.id == actor.subject)
    return tuple(variant.artifact_path for endpoint in found for variant in endpoint.variants)


def _own(tx: Tx, actor: Actor, name: str) -> Endpoint:
    endpoint = store.find(tx, actor.project_id, name)
    if endpoint is None:
        raise _unknown(name)
    actor.require_subject(endpoint.id)
    return endpoint


def named(tx: Tx, actor: Actor, name: str, *, lock: bool = False) -> Endpoint:
    """The endpoint of this name in the actor's project; locked for who changes it."""
    endpoint = store.find(tx, actor.project_id, name, lock=lock)
    if endpoint is None or endpoint.expires_at is not None:
        raise _unknown(name)
    return endpoint


def of_key(tx: Tx, name: str, hashed: str) -> Endpoint:
    """The endpoint of this name that one of its API keys is known by."""
    endpoint = store.of_key(tx, hashed)
    if endpoint is None or endpoint.name != name:
        raise UnauthenticatedError(
            f"this is not an API key of an endpoint {name[:100]!r}",
            hint=f"`gristmill endpoints key {name[:100]}` has one.",
        )
    return endpoint


def make_known(tx: Tx, endpoint: Endpoint) -> None:
    """The endpoint pulls its keys anew, if it has pulled all there was: it was deployed before the gateway had one."""
    if endpoint.observed is not None and endpoint.observed.generation == endpoint.generation:
        store.advance(tx, endpoint.id, endpoint.generation)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"no endpoint {name[:100]!r}", hint="`gristmill endpoints list` shows those that there are.")


def _check_not_deleting(tx: Tx, actor: Actor, name: str) -> None:
    table = store.endpoints
    if store.load(tx, table.c.project_id == actor.project_id, table.c.name == name):
        raise ConflictError(
            f"endpoint {name!r} is still being deleted", hint="Its processes end within seconds; try again."
        )


def announce(tx: Tx, endpoint: Endpoint, kind: str, clock: Clock, **data: object) -> None:
    """An event `endpoint.…`; of a try-out `try_out.…`, for nobody waits for an endpoint there."""
    if endpoint.expires_at is not None:
        kind = kind.replace("endpoint.", "try_out.", 1)
    events.append(
        tx,
        project_id=endpoint.project_id,
        time=clock.now(),
        kind=kind,
        subject=endpoint.id,
        data={"name": endpoint.name, **data},
    )
