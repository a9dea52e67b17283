"""HTTP of data roots."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, Scope
from gristmill.data_roots import service
from gristmill.data_roots.model import ANYWHERE, DataRoot, DataRootRequest

router = APIRouter(prefix="/api", tags=["data roots"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]
ClockOf = Annotated[Clock, Depends(provide(Clock))]
Folder = Annotated[str, Query(max_length=1000, description="The project folder; empty: roots of every folder")]


@router.post("/data-roots", status_code=201, summary="Make a data root")
def create_data_root(
    request: DataRootRequest, actor: Annotated[Actor, requires(Scope.RUNS_WRITE)], db: DatabaseOf, clock: ClockOf
) -> DataRoot:
    """Data at a path or URL, bound at the same place in every run. Only the worker ever opens it."""
    with db.write() as tx:
        return service.create(tx, actor, request, clock)


@router.get("/data-roots", summary="List data roots")
def list_data_roots(
    actor: Annotated[Actor, requires(Scope.READ)],
    db: DatabaseOf,
    folder: Annotated[str | None, Query(max_length=1000, description="Only what runs of this folder get")] = None,
) -> list[DataRoot]:
    with db.read() as tx:
        return service.list_roots(tx, actor, folder)


@router.get("/data-roots/{name}", summary="One data root")
def get_data_root(
    name: str, actor: Annotated[Actor, requires(Scope.READ)], db: DatabaseOf, folder: Folder = ANYWHERE
) -> DataRoot:
    with db.read() as tx:
        return service.find(tx, actor, name, folder)


@router.delete("/data-roots/{name}", summary="Forget a data root")
def delete_data_root(
    name: str,
    actor: Annotated[Actor, requires(Scope.RUNS_WRITE)],
    db: DatabaseOf,
    clock: ClockOf,
    folder: Folder = ANYWHERE,
) -> DataRoot:
    """The data itself is not touched."""
    with db.write() as tx:
        return service.delete(tx, actor, name, folder, clock)
