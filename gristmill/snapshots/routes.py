"""HTTP of blobs and snapshots."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from gristmill.core import blobs as core_blobs
from gristmill.core.blob_intake import BlobIntake
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.core.http import BINARY, BYTES, PROBLEMS, provide, requires, streamed
from gristmill.core.scopes import Actor, Scope
from gristmill.core.small_blobs import Digests, SmallBlobs
from gristmill.snapshots import service
from gristmill.snapshots.model import MAX_NOTEBOOK_BYTES, Snapshot, SnapshotRequest, check_request

router = APIRouter(prefix="/api", tags=["snapshots"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]
ClockOf = Annotated[Clock, Depends(provide(Clock))]
BlobsOf = Annotated[BlobStore, Depends(provide(BlobStore))]
IntakeOf = Annotated[BlobIntake, Depends(provide(BlobIntake))]


@router.post("/blobs/missing", summary="Which of these blobs are lacking", tags=["blobs"])
def find_missing_blobs(
    wanted: Digests, actor: Annotated[Actor, requires(Scope.BLOBS_WRITE)], db: DatabaseOf, clock: ClockOf
) -> Digests:
    """Only blobs that the project lacks have to travel; for a worker, those that it has not sent itself. The others
    stay for at least `GRISTMILL_BLOB_GRACE` seconds, whether anything refers to them yet or not.
    """
    if len(wanted.digests) > 20_000:
        raise InvalidInputError(f"{len(wanted.digests)} digests were asked for, at most 20000 are answered at once")
    for digest in wanted.digests:
        core_blobs.check_digest(digest)
    with db.read() as tx:
        held = core_blobs.held(tx, actor.project_id, wanted.digests, subject=actor.subject)
    if held and actor.subject is None:  # what a worker has sent is held for it as long as it lives
        with db.write(wake=False) as tx:
            held = core_blobs.hold(tx, actor.project_id, held, clock.now())
    return Digests(digests=tuple(digest for digest in dict.fromkeys(wanted.digests) if digest not in held))


@router.post("/blobs", status_code=204, summary="Store small blobs together", tags=["blobs"])
def put_small_blobs(
    sent: SmallBlobs, actor: Annotated[Actor, requires(Scope.BLOBS_WRITE)], intake: IntakeOf
) -> Response:
    """Of at most 128 KiB each and 1 MiB in all; 400 where one does not have its digest. Again is harmless."""
    intake.take(actor, sent.blobs)
    return Response(status_code=204)


@router.post("/blobs/read", summary="Read small blobs together", tags=["blobs"])
def read_small_blobs(
    wanted: Digests, actor: Annotated[Actor, requires(Scope.BLOBS_READ)], intake: IntakeOf
) -> SmallBlobs:
    """Of at most 128 KiB each and 1 MiB in all; 404 where one is not there."""
    return SmallBlobs(blobs=intake.read(actor, wanted.digests))


@router.put(
    "/blobs/{digest}",
    status_code=204,
    summary="Store a blob",
    tags=["blobs"],
    openapi_extra={"requestBody": {"required": True, "content": {BYTES: {"schema": BINARY}}}},
)
async def put_blob(
    digest: str,
    request: Request,
    actor: Annotated[Actor, requires(Scope.BLOBS_WRITE)],
    db: DatabaseOf,
    blobs: BlobsOf,
    intake: IntakeOf,
) -> Response:
    """The body is the blob's bytes; 400 where they do not have this digest. Storing it again is harmless."""
    incoming = blobs.incoming(digest)
    try:
        async for chunk in request.stream():
            await run_in_threadpool(incoming.write, chunk)
        await run_in_threadpool(incoming.check)
        await run_in_threadpool(intake.expect, actor, [digest])
        size = await run_in_threadpool(incoming.finish)
    except BaseException:
        incoming.abort()
        raise

    def remember() -> None:
        with db.write() as tx:
            intake.remember(tx, actor, {digest: size})

    await run_in_threadpool(remember)
    return Response(status_code=204)


@router.get(
    "/blobs/{digest}",
    summary="Read a blob",
    response_class=StreamingResponse,
    tags=["blobs"],
    responses=streamed(BYTES, "The blob's bytes"),
)
def get_blob(
    digest: str, actor: Annotated[Actor, requires(Scope.BLOBS_READ)], db: DatabaseOf, blobs: BlobsOf
) -> StreamingResponse:
    """Of the project; a worker's token reads the files of its own attempt's snapshot and what it has sent itself."""
    core_blobs.check_digest(digest)
    with db.read() as tx:
        if digest not in core_blobs.held(tx, actor.project_id, [digest], subject=actor.subject):
            raise NotFoundError(f"no blob {digest}")
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(blobs.read(digest), media_type=BYTES, headers=headers)


@router.post("/snapshots", status_code=201, summary="Make a snapshot of blobs")
def create_snapshot(
    request: SnapshotRequest,
    actor: Annotated[Actor, requires(Scope.RUNS_WRITE)],
    db: DatabaseOf,
    clock: ClockOf,
    blobs: BlobsOf,
) -> Snapshot:
    """Reads the notebook's parameters on the way; 400 where it is not a notebook."""
    check_request(request)
    with db.read() as tx:
        service.check_blobs(tx, actor, request)
    notebook = next(file for file in request.files if file.path == request.notebook)
    facts = service.read_facts(blobs.read_bytes(notebook.digest, MAX_NOTEBOOK_BYTES), request.notebook)
    with db.write(wake=False) as tx:  # nobody waits for a snapshot: the run that is made of it is what wakes
        service.hold_blobs(tx, actor, request, clock)
        return service.create(tx, actor, request, facts, clock)


@router.get("/snapshots/{snapshot}", summary="One snapshot")
def get_snapshot(snapshot: str, actor: Annotated[Actor, requires(Scope.READ)], db: DatabaseOf) -> Snapshot:
    """`snapshot` is an id, or a digest (then the newest with it)."""
    with db.read() as tx:
        return service.find(tx, actor, snapshot)
