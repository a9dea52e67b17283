"""Try-outs: a model version on a profile, loaded and asked its input example by an endpoint's own processes.

A try-out is an endpoint that nobody may call, is listed nowhere, and goes by itself: the control loop ends its
processes once it has an outcome, and removes it when it expires.
"""

from datetime import timedelta

from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import NotFoundError
from gristmill.core.ids import new_id
from gristmill.core.scopes import Actor, Scope
from gristmill.endpoints import service, store
from gristmill.endpoints.model import Address, Endpoint, EndpointState, TryOut, TryOutRequest
from gristmill.models.model import ModelVersion
from gristmill.profiles.model import Catalogue

LIFE = timedelta(minutes=15)  # for who never asks again: loading, and a while to read what it said


def begin(
    tx: Tx,
    actor: Actor,
    request: TryOutRequest,
    version: ModelVersion,
    *,
    catalogue: Catalogue,
    address: Address,
    clock: Clock,
) -> TryOut:
    """A new try-out; it starts as soon as its profile is free."""
    actor.require(Scope.ENDPOINTS_WRITE)
    given = catalogue.given_by(actor.groups)
    variant = service.variant_of(version, profile=request.profile, answers=request.answers, catalogue=given)
    now = clock.now()
    identifier = new_id("endpoint", now)
    endpoint = Endpoint(
        id=identifier,
        project_id=actor.project_id,
        name=f"try-out-{identifier.partition('_')[2]}",
        target="dev",
        url=address.url,
        port=address.port,
        generation=1,
        open=False,
        state=EndpointState.STARTING,
        variants=(variant,),
        created_by=actor.name,
        created_at=now,
        updated_at=now,
        expires_at=now + LIFE,
    )
    store.insert(tx, endpoint)
    service.announce(tx, endpoint, "endpoint.begun", clock, model=version.name, version=version.version)
    return _try_out(endpoint)


def find(tx: Tx, actor: Actor, identifier: str) -> TryOut:
    actor.require(Scope.READ)
    return _try_out(_named(tx, actor, identifier))


def end(tx: Tx, actor: Actor, identifier: str, clock: Clock) -> TryOut:
    """Its processes end, whatever it had come to."""
    actor.require(Scope.ENDPOINTS_WRITE)
    endpoint = _named(tx, actor, identifier)
    store.update(tx, endpoint.id, deleting=True, updated_at=clock.now())
    service.announce(tx, endpoint, "endpoint.ended", clock)
    return _try_out(endpoint)


def _named(tx: Tx, actor: Actor, identifier: str) -> Endpoint:
    table = store.endpoints
    mine = (table.c.project_id == actor.project_id, table.c.id == identifier)
    found = store.load(tx, *mine, table.c.expires_at.is_not(None), table.c.deleting.is_(False))
    if not found:
        raise NotFoundError(f"there is no try-out {identifier[:100]!r}, or no longer", hint="Begin another one.")
    return found[0]


def _try_out(endpoint: Endpoint) -> TryOut:
    seen, (variant, *_) = endpoint.observed, endpoint.variants
    return TryOut(
        id=endpoint.id,
        model=variant.model,
        version=variant.version,
        profile=variant.profile,
        state=seen.state if seen and seen.state in service.OUTCOMES else EndpointState.STARTING,
        expires_at=endpoint.expires_at or endpoint.created_at,
        waiting=endpoint.waiting,
        phase=seen.phase if seen else None,
        message=seen.message if seen else None,
        hint=seen.hint if seen else None,
        status=seen.variants[0] if seen and seen.variants else None,
    )
