"""HTTP of secrets. No route answers a value."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, Scope
from gristmill.secrets import service
from gristmill.secrets.known_vaults import Vaults
from gristmill.secrets.model import Secret, SecretValue

router = APIRouter(prefix="/api", tags=["secrets"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]
ClockOf = Annotated[Clock, Depends(provide(Clock))]
VaultsOf = Annotated[Vaults, Depends(provide(Vaults))]
Reader = Annotated[Actor, requires(Scope.SECRETS_READ)]
Writer = Annotated[Actor, requires(Scope.SECRETS_WRITE)]


@router.get("/secrets", summary="List secrets, without their values")
def list_secrets(actor: Reader, db: DatabaseOf) -> list[Secret]:
    with db.read() as tx:
        return service.list_secrets(tx, actor)


@router.put("/secrets/{name}", summary="Set a secret's value")
def set_secret(
    name: str, request: SecretValue, actor: Writer, db: DatabaseOf, clock: ClockOf, vaults: VaultsOf
) -> Secret:
    """Makes the secret, or gives it another value. Runs that have begun keep the one that they were given."""
    sealed = service.seal(vaults, actor, name, request.value)
    try:
        with db.write() as tx:
            stored, before = service.put(tx, actor, sealed, clock)
    except BaseException:
        service.forget_unused(db, vaults, sealed)
        raise
    if before is not None:
        service.forget_unused(db, vaults, before)
    return replace(stored, kept=vaults.named(sealed.vault).where())


@router.delete("/secrets/{name}", summary="Delete a secret")
def delete_secret(name: str, actor: Writer, db: DatabaseOf, clock: ClockOf, vaults: VaultsOf) -> Secret:
    """Runs that were granted it and have not begun fail when they begin."""
    with db.write() as tx:
        deleted, sealed = service.delete(tx, actor, name, clock)
    service.forget_unused(db, vaults, sealed)
    return deleted


@router.post("/secrets/rotate", summary="Encrypt every secret anew")
def rotate_secrets(actor: Writer, db: DatabaseOf, clock: ClockOf, vaults: VaultsOf) -> list[Secret]:
    """With the newest key, in the vault that takes new values. The old key is not needed any more then.

    One after the other: where one cannot be read, those before it are done, and nothing is lost.
    """
    with db.read() as tx:
        known = service.sealed_of(tx, actor)
    for before in known:
        after = service.reseal(vaults, before)
        try:
            with db.write() as tx:
                service.replace(tx, actor, before, after, clock)
        finally:  # one of the two is used no more: which one, the database says
            for sealed in (before, after):
                service.forget_unused(db, vaults, sealed)
    with db.read() as tx:
        return service.list_secrets(tx, actor)
