"""Taking snapshots in: nothing of one is executed here, only its notebook's source is read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from gristmill.core import audit, blobs
from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from gristmill.core.ids import new_id
from gristmill.core.scopes import Actor, Scope
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.python_parameters import read_parameters
from gristmill.notebooks.secret_names import read_secret_names
from gristmill.notebooks.source import read_notebook
from gristmill.snapshots import store
from gristmill.snapshots.model import Snapshot, SnapshotRequest, snapshot_digest


@dataclass(frozen=True, kw_only=True)
class NotebookFacts:
    """What a snapshot's notebook says of itself."""

    schema: ParameterSchema
    kernel: str | None
    secrets: tuple[str, ...] = ()


def check_blobs(tx: Tx, actor: Actor, request: SnapshotRequest) -> None:
    """Raises unless the project holds every file of the request, with the size that it names."""
    actor.require(Scope.RUNS_WRITE)
    _check_held(request, blobs.held(tx, actor.project_id, _digests(request)))


def hold_blobs(tx: Tx, actor: Actor, request: SnapshotRequest, clock: Clock) -> None:
    """As `check_blobs`, in the transaction that stores the snapshot: no file of it is removed meanwhile."""
    actor.require(Scope.RUNS_WRITE)
    _check_held(request, blobs.hold(tx, actor.project_id, _digests(request), clock.now()))


def _digests(request: SnapshotRequest) -> list[str]:
    diff = [request.git.diff] if request.git is not None and request.git.diff is not None else []
    return [blobs.check_digest(digest) for digest in (*(file.digest for file in request.files), *diff)]


def _check_held(request: SnapshotRequest, held: dict[str, int]) -> None:
    if lacking := [file.path for file in request.files if file.digest not in held]:
        raise ConflictError(
            f"{len(lacking)} files of the snapshot were not sent: {', '.join(lacking[:5])}",
            hint="Ask POST /api/blobs/missing, then PUT each to /api/blobs/{digest}.",
        )
    if wrong := [file.path for file in request.files if held[file.digest] != file.size]:
        raise InvalidInputError(f"the snapshot names wrong sizes for: {', '.join(wrong[:5])}")


def read_facts(content: bytes, name: str) -> NotebookFacts:
    """Raises InvalidInputError, naming the notebook, for what is no notebook or has parameters that cannot be read."""
    try:
        notebook = read_notebook(content)
        return NotebookFacts(
            schema=read_parameters(notebook), kernel=notebook.kernel, secrets=read_secret_names(notebook)
        )
    except InvalidInputError as error:
        fault = Fault(where=name, message=error.message, hint=error.hint)
        raise InvalidInputError(f"{name}: {error.message}", hint=error.hint, faults=error.faults or (fault,)) from error


def create(tx: Tx, actor: Actor, request: SnapshotRequest, facts: NotebookFacts, clock: Clock) -> Snapshot:
    """The snapshot; one that was taken before with the same content and origin is answered again."""
    actor.require(Scope.RUNS_WRITE)
    digest = snapshot_digest(request)
    known = store.find(tx, actor.project_id, digest)
    now = clock.now()
    if known is not None and (known.git, known.source) == (request.git, request.source):
        hold(tx, known, clock)
        return known
    snapshot = Snapshot(
        id=new_id("snapshot", now),
        digest=digest,
        project_id=actor.project_id,
        notebook=request.notebook,
        files=request.files,
        import_roots=request.import_roots,
        schema=facts.schema,
        secrets=facts.secrets,
        kernel=facts.kernel,
        created_by=actor.name,
        created_at=now,
        git=request.git,
        source=request.source,
    )
    store.insert(tx, snapshot)
    audit.record(tx, actor, time=now, action="snapshot.create", subject=snapshot.id, detail={"digest": digest})
    return snapshot


def hold(tx: Tx, snapshot: Snapshot, clock: Clock) -> None:
    """The snapshot stays for the grace period, within which a run is to be made of it.

    Raises:
        NotFoundError: it was removed, because nobody had used it for long.
    """
    now = clock.now()
    if not store.touch(tx, snapshot.id, now, now - blobs.TOUCH_EVERY):
        raise NotFoundError(f"snapshot {snapshot.id} was removed: it was not used for long", hint="Make it again.")


def unused(tx: Tx, after: str, before: datetime, limit: int) -> tuple[list[str], str | None]:
    """As the store's: ids, and where to go on."""
    return store.unused(tx, after, before, limit)


def forget(tx: Tx, ids: list[str], before: datetime) -> int:
    """Removes those that nobody has used since `before` and no run was made of, as who calls has seen; how many."""
    return store.delete(tx, ids, before)


def sources(tx: Tx, ids: Collection[str]) -> dict[str, str | None]:
    """Where clients took these from, as far as they said."""
    return store.sources(tx, ids)


def of_run(tx: Tx, project_id: str, key: str) -> Snapshot | None:
    """For the worker that executes it, whose token reads nothing else."""
    return store.find(tx, project_id, key)


def find(tx: Tx, actor: Actor, key: str) -> Snapshot:
    actor.require(Scope.READ)
    found = store.find(tx, actor.project_id, key)
    if found is None:
        raise NotFoundError(f"no snapshot {key[:100]!r}", hint="POST /api/snapshots makes one and answers its id.")
    return found
