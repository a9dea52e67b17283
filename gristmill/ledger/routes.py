"""HTTP of profiles, with what is free of each, and of the ledger."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, Scope
from gristmill.ledger import service
from gristmill.ledger.model import Usage
from gristmill.profiles.model import Catalogue, ProfileStatus

router = APIRouter(prefix="/api", tags=["profiles"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]


@router.get("/profiles", summary="Every profile and what is free of it")
def list_profiles(
    actor: Annotated[Actor, requires(Scope.PROFILES_READ)],
    db: DatabaseOf,
    catalogue: Annotated[Catalogue, Depends(provide(Catalogue))],
) -> list[ProfileStatus]:
    given = catalogue.given_by(actor.groups).profiles
    with db.read() as tx:
        return [one for one in service.status(tx, catalogue) if one.profile in given]


@router.get("/ledger", summary="What was held, by profile")
def list_usage(
    actor: Annotated[Actor, requires(Scope.READ)],
    db: DatabaseOf,
    clock: Annotated[Clock, Depends(provide(Clock))],
) -> list[Usage]:
    with db.read() as tx:
        return list(service.usage(tx, actor.project_id, clock.now()))
