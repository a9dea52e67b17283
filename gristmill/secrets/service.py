"""What may happen to a secret. Vaults are asked outside of transactions: a keyring is another program."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from gristmill.core import audit
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import NotFoundError, UnavailableError
from gristmill.core.lease import Leadership
from gristmill.core.nearest import offer
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
)
from gristmill.secrets.store import Sealed
from gristmill.secrets.vaults.base import VaultError

log = logging.getLogger("gristmill.secrets")

_RELEASED_AT_ONCE = 20  # closed attempts: a keyring may be slow
_MASKS = 1000  # attempts with secrets; of those that were not asked for lately, what they hold is opened again


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A secret that a run was granted, before its vault was asked."""

    name: str
    env: str | None
    sealed: Sealed | None = field(repr=False)  # None: it was deleted meanwhile


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The values that an attempt is to have, and what they were opened from."""

    values: tuple[GrantedSecret, ...] = ()
    sealed: tuple[Sealed, ...] = field(default=(), repr=False)


NONE_OPENED = Opened()


def seal(vaults: Vaults, actor: Actor, name: str, value: str) -> Sealed:
    """Puts the value into the vault for new ones. Nothing refers to it before `put`."""
    actor.require(Scope.SECRETS_WRITE)
    check_value(check_name(name), value)
    return _seal(vaults, actor.project_id, name, value)


def put(tx: Tx, actor: Actor, sealed: Sealed, clock: Clock) -> tuple[Secret, Sealed | None]:
    """The secret with its new value; what it had before is to be forgotten when this is committed."""
    actor.require(Scope.SECRETS_WRITE)
    now, project = clock.now(), actor.project_id
    while (before := store.locked(tx, project, sealed.name)) is None:
        if store.insert(tx, sealed, created_by=actor.name, now=now):
            break
    if before is not None:
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
        raise _missing(tx, actor, name)
    return found


def _missing(tx: Tx, actor: Actor, name: str) -> NotFoundError:
    known = [secret.name for secret in store.listed(tx, actor.project_id)]
    return NotFoundError(
        f"there is no secret {name[:80]!r}",
        hint=f"{offer(name, known)}`gristmill secrets list` shows those that there are.",
    )


def delete(tx: Tx, actor: Actor, name: str, clock: Clock) -> tuple[Secret, Sealed]:
    """The deleted secret; what its vault keeps is to be forgotten when this is committed."""
    actor.require(Scope.SECRETS_WRITE)
    found = find(tx, actor, name)
    sealed = store.locked(tx, actor.project_id, name)
    if sealed is None:  # somebody else was quicker
        raise _missing(tx, actor, name)
    store.delete(tx, actor.project_id, name)
    audit.record(tx, actor, time=clock.now(), action="secret.delete", subject=name)
    return found, sealed


def sealed_of(tx: Tx, actor: Actor) -> list[Sealed]:
    """All that `reseal` has to do: what secrets have, and what attempts that are open were given before a change."""
    actor.require(Scope.SECRETS_WRITE)
    return list(dict.fromkeys([*store.sealed(tx, actor.project_id), *store.held_in(tx, actor.project_id)]))


def reseal(vaults: Vaults, sealed: Sealed) -> Sealed:
    """The same value in the vault for new ones, under the newest key."""
    value = vaults.named(sealed.vault).open(sealed.place, sealed.sealed)
    return _seal(vaults, sealed.project_id, sealed.name, value)


def replace(tx: Tx, actor: Actor, before: Sealed, after: Sealed, clock: Clock) -> None:
    """What has or holds `before` has `after` now: not a secret that was changed meanwhile."""
    actor.require(Scope.SECRETS_WRITE)
    if store.replace(tx, before, after):
        audit.record(
            tx, actor, time=clock.now(), action="secret.rotate", subject=after.name, detail={"vault": after.vault}
        )


def forget_unused(db: Database, vaults: Vaults, sealed: Sealed) -> None:
    """Removes from its vault what no row refers to.

    To be called after each commit that may have taken the last row that did, and after one that failed: what was sealed
    for it was so for nothing. A vault that is away keeps what nobody can ask for.
    """
    with db.read() as tx:
        if store.refers(tx, sealed):
            return
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


def granted(tx: Tx, project_id: str, attempt: str, grants: Sequence[SecretGrant]) -> tuple[Grant, ...]:
    """What it takes to open them: what the attempt was given, if it was, else what the secrets have."""
    if not grants:
        return ()
    rows = {one.name: one for one in (*store.sealed(tx, project_id), *store.held_by(tx, attempt))}
    return tuple(Grant(name=grant.name, env=grant.env, sealed=rows.get(grant.name)) for grant in grants)


class Granted:
    """The secrets of attempts, opened; what masks them is kept while it is needed."""

    def __init__(self, db: Database, vaults: Vaults, grants: Callable[[Tx, str], tuple[Grant, ...]]) -> None:
        self._db, self._vaults, self._grants = db, vaults, grants
        self._masks: OrderedDict[str, Mask] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, attempt: str) -> Opened:
        """The values that this attempt is to have.

        Raises:
            SecretUnavailableError: one of them cannot be had.
        """
        with self._db.read() as tx:
            grants = self._grants(tx, attempt)
        values = tuple(_open(self._vaults, grant) for grant in grants)
        return Opened(values=values, sealed=tuple(grant.sealed for grant in grants if grant.sealed is not None))

    def mask(self, attempt: str) -> Mask:
        """What hides the values that the attempt was given, whatever has become of its secrets since.

        Raises:
            VaultError: one of them cannot be read just now.
        """
        with self._lock:
            known = self._masks.get(attempt)
            if known is not None:
                self._masks.move_to_end(attempt)
                return known
        with self._db.read() as tx:
            held = store.held_by(tx, attempt)
        made = Mask({one.name: self._vaults.named(one.vault).open(one.place, one.sealed) for one in held})
        if held:
            self._remember(attempt, made)
        return made

    def _remember(self, attempt: str, mask: Mask) -> None:
        with self._lock:
            self._masks[attempt] = mask
            while len(self._masks) > _MASKS:
                self._masks.popitem(last=False)


def hand_out(
    tx: Tx, actor: Actor, grants: Sequence[SecretGrant], opened: Opened, *, run: str, attempt: str, clock: Clock
) -> None:
    """The values go to the worker of an attempt that has just been claimed, which holds them until it is closed.

    Raises:
        UnavailableError: a secret was changed since it was opened.
    """
    given = {sealed.name: sealed for sealed in opened.sealed}
    for grant in sorted(grants, key=lambda grant: grant.name):
        if grant.name in given and not store.use(tx, given[grant.name], clock.now()):
            raise _changed(grant.name)
        detail = {"run": run, **({"env": grant.env} if grant.env else {})}
        audit.record(tx, actor, time=clock.now(), action="secret.use", subject=grant.name, detail=detail)
    store.hold(tx, attempt, opened.sealed)


def hand_out_again(tx: Tx, opened: Opened, *, attempt: str) -> None:
    """An answer that got lost is given again, as it was.

    Raises:
        UnavailableError: what was opened is not what the attempt was given.
    """
    held = set(store.held_by(tx, attempt))
    for sealed in opened.sealed:
        if sealed not in held:
            raise _changed(sealed.name)


def release_closed(
    db: Database, leader: Leadership, vaults: Vaults, are_open: Callable[[Tx, Collection[str]], Collection[str]]
) -> None:
    """Attempts that are closed hold nothing any more."""
    with db.read() as tx:
        holders = store.holders(tx)
        closed = sorted(holders - set(are_open(tx, holders)))[:_RELEASED_AT_ONCE] if holders else []
    for attempt in closed:
        with leader.write() as tx:
            held = store.held_by(tx, attempt)
            store.release(tx, attempt)
        for sealed in held:
            forget_unused(db, vaults, sealed)


def _changed(name: str) -> UnavailableError:
    return UnavailableError(f"the secret {name} was changed while it was being handed out", hint="Ask again.")


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
