"""What may happen to data roots. Nothing here opens what a root names: only the worker does."""

from gristmill.core import audit
from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError
from gristmill.core.scopes import Actor, Scope
from gristmill.data_roots import store
from gristmill.data_roots.model import (
    ANYWHERE,
    DataBinding,
    DataRoot,
    DataRootRequest,
    check_binding,
    check_together,
    folder_of,
    without_credentials,
)

MAX_ROOTS = 1000


def create(tx: Tx, actor: Actor, request: DataRootRequest, clock: Clock) -> DataRoot:
    """The new root; the same one made again is answered again.

    Raises:
        ConflictError: another one has this name in the folder, and it is not to be replaced.
        InvalidInputError: what it says does not hold, or its place overlaps another one's.
    """
    actor.require(Scope.RUNS_WRITE)
    root = _root(actor, request, clock)
    known = store.load(tx, actor.project_id)
    same = next((one for one in known if (one.folder, one.name) == (root.folder, root.name)), None)
    if same is not None and same.binding == root.binding:
        return same
    if same is not None and not request.replace:
        raise ConflictError(
            f"data root {root.name!r} is {without_credentials(same.source)} at {same.at} already",
            hint="Take another name, or replace it: --replace.",
        )
    if len(known) >= MAX_ROOTS:
        raise InvalidInputError(f"the project has {len(known)} data roots, at most {MAX_ROOTS} may be")
    others = [one.binding for one in known if one.folder == root.folder and one is not same]
    check_together([*others, root.binding])
    if same is not None:
        store.delete(tx, same)
    store.insert(tx, root)
    detail = {"source": without_credentials(root.source), "at": root.at, "folder": root.folder}
    audit.record(tx, actor, time=clock.now(), action="data.create", subject=root.name, detail=detail)
    return root


def find(tx: Tx, actor: Actor, name: str, folder: str) -> DataRoot:
    """The folder's own root of this name, else the one of every folder."""
    actor.require(Scope.READ)
    found = store.find(tx, actor.project_id, folder, name) or store.find(tx, actor.project_id, ANYWHERE, name)
    if found is None:
        names = ", ".join(one.name for one in list_roots(tx, actor, folder))
        raise NotFoundError(
            f"no data root {name[:80]!r} in {folder or 'every folder'}", hint=f"There are: {names or 'none'}."
        )
    return found


def list_roots(tx: Tx, actor: Actor, folder: str | None) -> list[DataRoot]:
    """All of the project; of one folder those that its runs get."""
    actor.require(Scope.READ)
    known = store.load(tx, actor.project_id)
    return known if folder is None else _of_folder(known, folder)


def delete(tx: Tx, actor: Actor, name: str, folder: str, clock: Clock) -> DataRoot:
    """Forgets the root of exactly this folder; the data itself is not touched.

    Raises:
        NotFoundError: there is none; one of every folder is forgotten as such only.
    """
    actor.require(Scope.RUNS_WRITE)
    root = _exactly(tx, actor, name, folder)
    store.delete(tx, root)
    audit.record(tx, actor, time=clock.now(), action="data.delete", subject=name, detail={"folder": root.folder})
    return root


def _exactly(tx: Tx, actor: Actor, name: str, folder: str) -> DataRoot:
    root = store.find(tx, actor.project_id, folder, name)
    if root is None and folder != ANYWHERE and store.find(tx, actor.project_id, ANYWHERE, name) is not None:
        raise NotFoundError(
            f"data root {name!r} is not of {folder} alone: it is one of every folder",
            hint="Forget it for all of them: --everywhere.",
        )
    return root or find(tx, actor, name, folder)


def of_run(
    tx: Tx, actor: Actor, given: tuple[DataBinding, ...] | None, *, source: str | None, notebook: str
) -> tuple[DataBinding, ...]:
    """What a new run is bound to: what was given, else the roots of the folder that its snapshot was taken from.

    Raises:
        InvalidInputError: they cannot be bound together.
    """
    if given is None:
        folder = folder_of(source, notebook)
        given = tuple(one.binding for one in list_roots(tx, actor, ANYWHERE if folder is None else folder))
    return check_together(given)


def _of_folder(known: list[DataRoot], folder: str) -> list[DataRoot]:
    """The folder's own come before those of every folder with the same name."""
    own = {one.name: one for one in known if one.folder == folder}
    return sorted(
        {**{one.name: one for one in known if one.folder == ANYWHERE}, **own}.values(), key=lambda one: one.name
    )


def _root(actor: Actor, request: DataRootRequest, clock: Clock) -> DataRoot:
    binding = check_binding(DataBinding(name=request.name, source=request.source, at=request.at, digest=request.digest))
    if request.folder != ANYWHERE and not (request.folder.startswith("/") and len(request.folder) <= 1000):
        raise InvalidInputError(f"folder {request.folder[:200]!r} is not valid: expected an absolute path, or none")
    return DataRoot(
        project_id=actor.project_id,
        folder=request.folder,
        name=binding.name,
        source=binding.source,
        at=binding.at,
        digest=binding.digest,
        created_by=actor.name,
        created_at=clock.now(),
    )
