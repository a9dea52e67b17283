"""HTTP of environments."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, Scope
from gristmill.environments import service
from gristmill.environments.model import (
    Environment,
    EnvironmentAnswer,
    EnvironmentCheck,
    EnvironmentRequest,
    Prepared,
    PruneRequest,
)

router = APIRouter(prefix="/api", tags=["environments"], responses=PROBLEMS)

EnvironmentsOf = Annotated[service.Environments, Depends(provide(service.Environments))]
Reader = Annotated[Actor, requires(Scope.READ)]
Writer = Annotated[Actor, requires(Scope.RUNS_WRITE)]


@router.post("/environments", status_code=201, summary="Add an environment")
def create_environment(request: EnvironmentRequest, actor: Writer, environments: EnvironmentsOf) -> Environment:
    """From a lock that was sent as a blob, or from an interpreter or kernelspec that is there."""
    return environments.add(actor, request)


@router.get("/environments", summary="List environments")
def list_environments(actor: Reader, environments: EnvironmentsOf) -> list[Environment]:
    return environments.list(actor)


@router.post("/environments/check", summary="What an environment or a kernel lacks")
def check_environment(request: EnvironmentCheck, actor: Reader, environments: EnvironmentsOf) -> EnvironmentAnswer:
    """Asked of the machine that runs it; nothing is imported or executed of what is asked about."""
    return environments.check(actor, request)


@router.post("/environments/prune", summary="Remove environments that nobody uses")
def prune_environments(request: PruneRequest, actor: Writer, environments: EnvironmentsOf) -> tuple[Prepared, ...]:
    """What runs have made from locks, and no named environment stands for; they are made anew when they are used."""
    return environments.prune(actor, everything=request.everything)


@router.get("/environments/{name}", summary="One environment")
def get_environment(name: str, actor: Reader, environments: EnvironmentsOf) -> Environment:
    return environments.find(actor, name)


@router.delete("/environments/{name}", summary="Forget an environment")
def delete_environment(
    name: str,
    actor: Writer,
    db: Annotated[Database, Depends(provide(Database))],
    clock: Annotated[Clock, Depends(provide(Clock))],
) -> Environment:
    """Runs that were made with it keep what they had; what was there before stays."""
    with db.write() as tx:
        return service.delete(tx, actor, name, clock)
