"""HTTP of runs and attempts."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from gristmill.core.blob_intake import BlobIntake
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import NotFoundError
from gristmill.core.events import read_after
from gristmill.core.http import BYTES, PROBLEMS, provide, requires, streamed
from gristmill.core.scopes import Actor, Scope
from gristmill.core.wire import EventPage
from gristmill.profiles.model import Catalogue
from gristmill.runs import attempts, service, utilisation
from gristmill.runs.intake import Intake
from gristmill.runs.kernels import Kernels
from gristmill.runs.model import (
    AttemptOrder,
    ClaimRequest,
    PostMortemKernel,
    Run,
    RunDetail,
    RunRequest,
    RunState,
    WorkerEvents,
    WorkerEventsAnswer,
)
from gristmill.runs.search import RunFilter
from gristmill.secrets import service as secrets
from gristmill.secrets.model import SecretUnavailableError
from gristmill.utilisation.model import Utilisation

router = APIRouter(prefix="/api", tags=["runs"], responses=PROBLEMS)

DatabaseOf = Annotated[Database, Depends(provide(Database))]
ClockOf = Annotated[Clock, Depends(provide(Clock))]
KernelsOf = Annotated[Kernels, Depends(provide(Kernels))]
IntakeOf = Annotated[Intake, Depends(provide(Intake))]
Reader = Annotated[Actor, requires(Scope.READ)]
Writer = Annotated[Actor, requires(Scope.RUNS_WRITE)]
Worker = Annotated[Actor, requires(Scope.ATTEMPT)]


@router.post("/runs", status_code=201, summary="Run a snapshot")
def create_run(request: RunRequest, actor: Writer, intake: IntakeOf) -> Run:
    """Checks parameters, profile and kernel, and queues the run. Every fault is answered at once."""
    return intake.create(actor, request)


@router.get("/runs", summary="List runs, newest first")
def list_runs(
    actor: Reader,
    db: DatabaseOf,
    state: RunState | None = None,
    notebook: str | None = None,
    text: Annotated[str | None, Query(max_length=200, description="In name, notebook or labels")] = None,
    label: Annotated[str | None, Query(max_length=300, description="name=value")] = None,
    metric: Annotated[str | None, Query(max_length=250, description="Only runs that have it, highest first")] = None,
    ascending: Annotated[bool, Query(description="The metric's lowest value first")] = False,  # noqa: FBT002  # a query
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Only runs with a lower number")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[Run]:
    wanted = RunFilter(
        state=state,
        notebook=notebook,
        text=text,
        label=label,
        metric=metric,
        ascending=ascending,
        before=before,
        limit=limit,
    )
    with db.read() as tx:
        return list(service.list_runs(tx, actor, wanted))


@router.get("/runs/{run}", summary="One run with its attempts and outputs")
def get_run(run: str, actor: Reader, db: DatabaseOf) -> RunDetail:
    """`run` is an id, a number or a name (then the newest of that name)."""
    with db.read() as tx:
        return service.detail(tx, actor, run)


@router.delete("/runs/{run}", summary="Delete a run that is over")
def delete_run(run: str, actor: Writer, kernels: KernelsOf) -> Run:
    """At once; one whose kernel is kept as soon as that has ended: then the answer has it, as `ending`."""
    return kernels.delete_run(actor, run)


@router.post("/runs/{run}/cancel", summary="Cancel a run")
def cancel_run(run: str, actor: Writer, db: DatabaseOf, clock: ClockOf) -> Run:
    """A run that has begun is asked to stop: its kernel is interrupted and the partial notebook kept."""
    with db.write() as tx:
        return service.cancel(tx, actor, run, clock)


@router.post("/runs/{run}/start-anyway", summary="Start a run that waits for capacity")
def start_run_anyway(run: str, actor: Writer, db: DatabaseOf, clock: ClockOf) -> Run:
    with db.write() as tx:
        return service.start_anyway(tx, actor, run, clock)


@router.post("/runs/{run}/rerun", status_code=201, summary="Make the same run once more")
def rerun(run: str, actor: Writer, intake: IntakeOf) -> Run:
    """The same snapshot, parameters, profile and labels; a new number and name."""
    return intake.create_again(actor, run)


@router.get("/runs/{run}/events", summary="Events of one run, oldest first")
def list_run_events(
    run: str,
    actor: Reader,
    db: DatabaseOf,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> EventPage:
    with db.read() as tx:
        found = service.find(tx, actor, run)
        return read_after(tx, project_id=actor.project_id, after=after, subject=found.id, limit=limit)


@router.get("/runs/{run}/utilisation", summary="What a run used of its machine")
def get_utilisation(
    run: str, actor: Reader, db: DatabaseOf, catalogue: Annotated[Catalogue, Depends(provide(Catalogue))]
) -> Utilisation:
    """Cores, memory and devices of the last attempt from second to second, at most 2,000 points, and once the run is
    over whether another profile would do.
    """
    with db.read() as tx:
        return utilisation.of_run(tx, actor, run, catalogue)


@router.get(
    "/runs/{run}/notebook",
    summary="The executed notebook",
    response_class=StreamingResponse,
    responses=streamed("application/x-ipynb+json", "The notebook as it was executed"),
)
def get_executed_notebook(
    run: str, actor: Reader, db: DatabaseOf, blobs: Annotated[BlobStore, Depends(provide(BlobStore))]
) -> StreamingResponse:
    """The last attempt's, partial where the run did not succeed."""
    with db.read() as tx:
        found = service.find(tx, actor, run)
    if found.attempt is None or found.attempt.executed_notebook is None:
        raise NotFoundError(f"run {found.name} has no executed notebook: it is {found.state}")
    return StreamingResponse(blobs.read(found.attempt.executed_notebook), media_type="application/x-ipynb+json")


@router.get(
    "/runs/{run}/outputs/{name:path}",
    summary="One output file",
    response_class=StreamingResponse,
    responses=streamed(BYTES, "The file's bytes"),
)
def get_output(
    run: str, name: str, actor: Reader, db: DatabaseOf, blobs: Annotated[BlobStore, Depends(provide(BlobStore))]
) -> StreamingResponse:
    with db.read() as tx:
        output = service.output_named(tx, actor, run, name)
    # Never shown as a page of this origin: what a notebook wrote is the notebook's.
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(blobs.read(output.digest), media_type=BYTES, headers=headers)


@router.get("/kernels", summary="Kernels of failed runs that are kept")
def list_kernels(actor: Reader, kernels: KernelsOf) -> list[PostMortemKernel]:
    """With what they hold, until when, and the file by which one connects to them."""
    return kernels.listed(actor)


@router.delete("/kernels/{kernel}", summary="End a kept kernel")
def end_kernel(kernel: str, actor: Writer, kernels: KernelsOf) -> PostMortemKernel:
    """`kernel` is its id, or the id, number or name of its run. What it holds is free once it is seen to be gone."""
    return kernels.end(actor, kernel)


@router.post("/attempts/{attempt}/claim", summary="Claim an attempt", tags=["workers"])
def claim_attempt(
    attempt: str,
    request: ClaimRequest,
    actor: Worker,
    db: DatabaseOf,
    clock: ClockOf,
    context: Annotated[attempts.ClaimContext, Depends(provide(attempts.ClaimContext))],
    opened: Annotated[secrets.Granted, Depends(provide(secrets.Granted))],
    blobs: Annotated[BlobIntake, Depends(provide(BlobIntake))],
) -> AttemptOrder:
    """The one compare-and-set by which an attempt happens at most once. 409: another worker has it; run nothing.

    The snapshot's small files come along.
    """
    actor.require_subject(attempt)
    try:
        granted = opened.open(attempt)
    except SecretUnavailableError as error:
        with db.write() as tx:
            attempts.refuse(tx, actor, attempt, error, clock)
        raise
    with db.write() as tx:
        order = attempts.claim(tx, actor, attempt, request, context, clock, granted)
    return replace(order, blobs=blobs.along(actor, [(file.digest, file.size) for file in order.files]))


@router.post("/attempts/{attempt}/events", summary="Report an attempt's events", tags=["workers"])
def report_events(
    attempt: str,
    request: WorkerEvents,
    actor: Worker,
    db: DatabaseOf,
    clock: ClockOf,
    intake: Annotated[BlobIntake, Depends(provide(BlobIntake))],
) -> WorkerEventsAnswer:
    """In order and without gaps; those that are held already are passed over. Small blobs that the events point to
    come along, the others before.
    """
    actor.require_subject(attempt)
    placed = intake.place(actor, request.blobs)
    with db.write() as tx:
        intake.remember(tx, actor, placed)
        return attempts.receive(tx, actor, attempt, request.events, clock)
