"""API keys of endpoints. Only their hashes are kept; an endpoint pulls them with its next generation."""

import secrets

from gristmill.core import audit
from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError
from gristmill.core.scopes import Actor, Scope
from gristmill.endpoints import service, store
from gristmill.endpoints.model import KEY, Endpoint, EndpointKey, KeyEntry, KeyRequest, key_hash, key_id

MAX_NAME = 80


def issue(tx: Tx, actor: Actor, name: str, request: KeyRequest, clock: Clock) -> EndpointKey:
    """A new API key. It works as soon as the endpoint has pulled the generation that holds its hash.

    Raises:
        ConflictError: another key of the endpoint has this name.
    """
    actor.require(Scope.ENDPOINTS_WRITE)
    endpoint = service.named(tx, actor, name, lock=True)
    _check_name(tx, endpoint, request.name)
    key = f"{KEY}{secrets.token_urlsafe(32)}"
    hashed = key_hash(key)
    entry = KeyEntry(id=key_id(hashed), endpoint=name, name=request.name, created_by=actor.name, created_at=clock.now())
    store.insert_key(tx, endpoint, hashed, entry)
    _changed(tx, actor, endpoint, "issue_key", entry, clock)
    return EndpointKey(endpoint=name, key=key, id=entry.id, name=entry.name)


def list_keys(tx: Tx, actor: Actor, name: str) -> list[KeyEntry]:
    """Oldest first; the keys themselves are not known here."""
    actor.require(Scope.READ)
    return [entry for _, entry in store.load_keys(tx, service.named(tx, actor, name))]


def revoke(tx: Tx, actor: Actor, name: str, key: str, clock: Clock) -> Endpoint:
    """The endpoint in the generation from which on the key, given by id or name, is refused.

    Raises:
        NotFoundError: the endpoint has no such key, or no longer.
    """
    actor.require(Scope.ENDPOINTS_WRITE)
    endpoint = service.named(tx, actor, name, lock=True)
    found = [(hashed, entry) for hashed, entry in store.load_keys(tx, endpoint) if key in {entry.id, entry.name}]
    if not found:
        raise NotFoundError(
            f"endpoint {name!r} has no key {key[:100]!r}",
            hint=f"`gristmill endpoints keys list {name}` shows those that it has.",
        )
    hashed, entry = next((one for one in found if one[1].id == key), found[0])
    store.delete_key(tx, endpoint.id, hashed)
    _changed(tx, actor, endpoint, "revoke_key", entry, clock)
    return service.named(tx, actor, name)


def _changed(tx: Tx, actor: Actor, endpoint: Endpoint, action: str, entry: KeyEntry, clock: Clock) -> None:
    """The endpoint pulls what has a new generation only."""
    store.update(tx, endpoint.id, generation=store.endpoints.c.generation + 1, updated_at=clock.now())
    past = {"issue_key": "key_issued", "revoke_key": "key_revoked"}[action]
    service.announce(tx, endpoint, f"endpoint.{past}", clock, key=entry.id)
    detail = {"key": entry.id, "name": entry.name}
    audit.record(tx, actor, time=clock.now(), action=f"endpoint.{action}", subject=endpoint.name, detail=detail)


def _check_name(tx: Tx, endpoint: Endpoint, name: str | None) -> None:
    if name is None:
        return
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip() or "/" in name:
        raise InvalidInputError(
            f"key name {name[:MAX_NAME]!r} is not allowed: expected 1 to {MAX_NAME} printable characters without '/'"
        )
    if any(entry.name == name for _, entry in store.load_keys(tx, endpoint)):
        raise ConflictError(
            f"endpoint {endpoint.name!r} has a key {name!r} already",
            hint=f"Give another name, or revoke it: gristmill endpoints keys revoke {endpoint.name} '{name}'",
        )
