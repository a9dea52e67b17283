"""What may happen to a secret. Vaults are asked outside of transactions: a keyring is another program."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gristmill.core import audit
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import NotFoundError
from gristmill.core.scopes import Actor, Scope
from gristmill.secrets import store
from gristmill.secrets.known_vaults import Vaults
from gristmill.secrets.masking import Mask
from gristmill.secrets.model import (
    GrantedSecret,
    Secret,
    SecretGrant,
    SecretUnavailableError,
    check_grants,
    check_name,
    check_value,
    nearest,
)
from gristmill.secrets.store import Sealed
from gristmill.secrets.vaults.base import VaultError

log = logging.getLogger("gristmill.secrets")

_MASKS = 1000  # attempts; the oldest are opened again where they are still asked for


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A secret that a run was granted, before its vault was asked."""

    name: str
    env: str | None
    sealed: Sealed | None = field(repr=False)  # None: it was deleted meanwhile


def seal(vaults: Vaults, actor: Actor, name: str, value: str) -> Sealed:
    """Puts the value into the vault for new ones. Nothing refers to it before `put`."""
    actor.require(Scope.SECRETS_WRITE)
    check_value(check_name(name), value)
    return _seal(vaults, actor.project_id, name, value)


def put(tx: Tx, actor: Actor, sealed: Sealed, clock: Clock) -> tuple[Secret, Sealed | None]:
    """The secret with its new value; what it had before is to be forgotten when this is committed."""
    actor.require(Scope.SECRETS_WRITE)
    now, project = clock.now(), actor.project_id
    before = next(iter(store.sealed(tx, project, sealed.name)), None)
    if before is None:
        store.insert(tx, sealed, created_by=actor.name, now=now)
    else:
        store.update(tx, project, sealed.name, vault=sealed.vault, sealed=sealed.sealed, changed_at=now)
    action = "secret.create" if before is None else "secret.change"
    audit.record(tx, actor, time=now, action=action, subject=sealed.name, detail={"vault": sealed.vault})
    return find(tx, actor, sealed.name), before


def list_secrets(tx: Tx, actor: Actor) -> list[Secret]:
    """By name."""
    actor.require(Scope.SECRETS_READ)
    return store.listed(tx, actor.project_id)


def find(tx: Tx, actor: Actor, name: str) -> Secret:
    found = store.find(tx, actor.project_id, name)
    if found is None:
        known = [secret.name for secret in store.listed(tx, actor.project_id)]
        raise NotFoundError(
            f"there is no secret {name[:80]!r}",
            hint=f"{nearest(name, known)}`gristmill secrets list` shows those that there are.",
        )
    return found


def delete(tx: Tx, actor: Actor, name: str, clock: Clock) -> tuple[Secret, Sealed]:
    """The deleted secret; what its vault keeps is to be forgotten when this is committed."""
    actor.require(Scope.SECRETS_WRITE)
    found = find(tx, actor, name)
    sealed = store.sealed(tx, actor.project_id, name)[0]
    store.delete(tx, actor.project_id, name)
    audit.record(tx, actor, time=clock.now(), action="secret.delete", subject=name)
    return found, sealed


def sealed_of(tx: Tx, actor: Actor) -> list[Sealed]:
    """All that `reseal` has to do."""
    actor.require(Scope.SECRETS_WRITE)
    return store.sealed(tx, actor.project_id)


def reseal(vaults: Vaults, sealed: Sealed) -> Sealed:
    """The same value in the vault for new ones, under the newest key."""
    value = vaults.named(sealed.vault).open(sealed.place, sealed.sealed)
    return _seal(vaults, sealed.project_id, sealed.name, value)


def replace(tx: Tx, actor: Actor, before: Sealed, after: Sealed, clock: Clock) -> bool:
    """Whether the row holds `after` now: not where the secret was changed meanwhile."""
    actor.require(Scope.SECRETS_WRITE)
    replaced = store.replace(tx, before, after)
    if replaced:
        audit.record(
            tx, actor, time=clock.now(), action="secret.rotate", subject=after.name, detail={"vault": after.vault}
        )
    return replaced


def forget(vaults: Vaults, sealed: Sealed) -> None:
    """To be called when no row refers to it any more. A vault that is away then keeps what nobody can ask for."""
    try:
        vaults.named(sealed.vault).forget(sealed.place, sealed.sealed)
    except VaultError as error:
        log.warning("%s stays in the vault %s: %s", sealed.place, sealed.vault, error.message)


# What a run is granted ----------------------------------------------------------------------------------------------


def check(
    tx: Tx, project_id: str, grants: Sequence[SecretGrant], *, used: Sequence[str] = ()
) -> tuple[SecretGrant, ...]:
    """The grants, if the project has such secrets and the notebook asks for no other.

    Raises:
        InvalidInputError: one, with every fault.
    """
    if not grants and not used:
        return ()
    return check_grants(grants, known=[secret.name for secret in store.listed(tx, project_id)], used=used)


def granted(tx: Tx, project_id: str, grants: Sequence[SecretGrant]) -> tuple[Grant, ...]:
    """What it takes to open them."""
    if not grants:
        return ()
    rows = {sealed.name: sealed for sealed in store.sealed(tx, project_id)}
    return tuple(Grant(name=grant.name, env=grant.env, sealed=rows.get(grant.name)) for grant in grants)


class Granted:
    """The secrets of attempts, opened; what masks them is kept while it is needed."""

    def __init__(self, db: Database, vaults: Vaults, grants: Callable[[Tx, str], tuple[Grant, ...]]) -> None:
        self._db, self._vaults, self._grants = db, vaults, grants
        self._masks: OrderedDict[str, Mask] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, attempt: str) -> tuple[GrantedSecret, ...]:
        """The values that this attempt is to have.

        Raises:
            SecretUnavailableError: one of them cannot be had.
        """
        with self._db.read() as tx:
            grants = self._grants(tx, attempt)
        opened = tuple(_open(self._vaults, grant) for grant in grants)
        self._remember(attempt, Mask({secret.name: secret.value for secret in opened}))
        return opened

    def mask(self, attempt: str) -> Mask:
        """What hides the values that the attempt was given; after a restart, those that its secrets have now."""
        with self._lock:
            known = self._masks.get(attempt)
        if known is None:
            self.open(attempt)
            with self._lock:
                known = self._masks[attempt]
        return known

    def _remember(self, attempt: str, mask: Mask) -> None:
        with self._lock:
            self._masks.setdefault(attempt, mask)
            while len(self._masks) > _MASKS:
                self._masks.popitem(last=False)


def used(tx: Tx, actor: Actor, grants: Sequence[SecretGrant], run: str, clock: Clock) -> None:
    """The values went to the run's worker."""
    for grant in grants:
        store.update(tx, actor.project_id, grant.name, last_used_at=clock.now())
        detail = {"run": run, **({"env": grant.env} if grant.env else {})}
        audit.record(tx, actor, time=clock.now(), action="secret.use", subject=grant.name, detail=detail)


def _seal(vaults: Vaults, project_id: str, name: str, value: str) -> Sealed:
    vault = vaults.for_new()
    return Sealed(project_id=project_id, name=name, vault=vault.name, sealed=vault.seal(f"{project_id}/{name}", value))


def _open(vaults: Vaults, grant: Grant) -> GrantedSecret:
    if grant.sealed is None:
        raise SecretUnavailableError(
            f"the secret {grant.name} was deleted after it was granted to the run", hint="Set it again and rerun."
        )
    try:
        value = vaults.named(grant.sealed.vault).open(grant.sealed.place, grant.sealed.sealed)
    except VaultError as error:
        raise SecretUnavailableError(
            f"the secret {grant.name} cannot be read: {error.message}", hint=error.hint
        ) from error
    return GrantedSecret(name=grant.name, env=grant.env, value=value)
