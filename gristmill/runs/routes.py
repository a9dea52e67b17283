"""HTTP of runs and attempts."""

from dataclasses import replace
from typing import Annotated, Literal

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
from gristmill.runs import attempts, forecast, service, utilisation
from gristmill.runs.history import MOST_METRICS, MOST_POINTS, Histories
from gristmill.runs.intake import Intake
from gristmill.runs.kernels import Kernels
from gristmill.runs.model import (
    AttemptOrder,
    ClaimRequest,
    PostMortemKernel,
    Run,
    RunChange,
    RunColumns,
    RunCounts,
    RunDetail,
    RunForecast,
    RunHistory,
    RunRequest,
    RunState,
    WorkerEvents,
    WorkerEventsAnswer,
)
from gristmill.runs.query import parse, parse_field
from gristmill.runs.search import RunFilter, Sort
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


def _wanted(
    state: RunState | None = None,
    notebook: str | None = None,
    text: Annotated[str | None, Query(max_length=200, description="In name, notebook or labels")] = None,
    label: Annotated[str | None, Query(max_length=300, description="name=value")] = None,
    query: Annotated[str | None, Query(description="As metrics.auc > 0.9 and params.depth = 6")] = None,
) -> RunFilter:
    return RunFilter(state=state, notebook=notebook, text=text, label=label, query=parse(query or ""))


WantedOf = Annotated[RunFilter, Depends(_wanted)]


@router.get("/runs", summary="List runs, newest first")
def list_runs(
    actor: Reader,
    db: DatabaseOf,
    wanted: WantedOf,
    metric: Annotated[str | None, Query(max_length=250, description="Only runs that have it, highest first")] = None,
    ascending: Annotated[bool, Query(description="The lowest value first")] = False,  # noqa: FBT002  # a query
    sort: Annotated[
        str | None, Query(max_length=300, description="A field, as metrics.auc; lacking it is last")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Only runs with a lower number")] = None,
    offset: Annotated[int, Query(ge=0, le=2**31, description="So many are passed over")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[Run]:
    order = Sort(by=parse_field(sort), descending=not ascending) if sort else None
    wanted = replace(wanted, metric=metric, ascending=ascending, sort=order, before=before, offset=offset, limit=limit)
    with db.read() as tx:
        return list(service.list_runs(tx, actor, wanted))


@router.get("/forecasts", summary="What a run may expect of each profile")
def list_forecasts(
    actor: Reader,
    db: DatabaseOf,
    clock: ClockOf,
    catalogue: Annotated[Catalogue, Depends(provide(Catalogue))],
    notebook: Annotated[str, Query(max_length=1000, description="As its runs have it: from the project's root")],
    source: Annotated[str | None, Query(max_length=4000, description="Only runs that were taken from there")] = None,
) -> list[RunForecast]:
    """When it would begin, and how long the last run of this notebook took there and what it came to."""
    with db.read() as tx:
        return forecast.of_notebook(tx, actor, catalogue, notebook=notebook, source=source, now=clock.now())


@router.get("/run-counts", summary="How many runs there are, by notebook or commit")
def count_runs(
    actor: Reader,
    db: DatabaseOf,
    wanted: WantedOf,
    by: Annotated[Literal["notebook", "commit"] | None, Query(description="At most 1,000 of them")] = None,
) -> RunCounts:
    with db.read() as tx:
        return service.count_runs(tx, actor, wanted, by)


@router.get("/run-columns", summary="Names of metrics, parameters and labels that runs have")
def list_run_columns(actor: Reader, db: DatabaseOf) -> RunColumns:
    with db.read() as tx:
        return service.columns(tx, actor)


@router.get("/runs/{run}", summary="One run with its attempts and outputs")
def get_run(run: str, actor: Reader, db: DatabaseOf) -> RunDetail:
    """`run` is an id, a number or a name (then the newest of that name)."""
    with db.read() as tx:
        return service.detail(tx, actor, run)


@router.patch("/runs/{run}", summary="Rename a run, change its labels")
def change_run(run: str, request: RunChange, actor: Writer, db: DatabaseOf, clock: ClockOf) -> Run:
    """Labels that are named are set, those that are null removed; the others stay."""
    with db.write() as tx:
        return service.change(tx, actor, run, request, clock)


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


@router.get("/runs/{run}/history", summary="How a run's metrics went, step by step")
def get_history(
    run: str,
    actor: Reader,
    histories: Annotated[Histories, Depends(provide(Histories))],
    metric: Annotated[tuple[str, ...], Query(max_length=MOST_METRICS, description="Default: all")] = (),
    points: Annotated[int, Query(ge=2, le=MOST_POINTS, description="At most so many of each")] = 500,
) -> RunHistory:
    """Of the last attempt, at most 100 metrics, as MLflow has them; one with more values than `points` is thinned out,
    its first and its last are kept.
    """
    return histories.of_run(actor, run, metric, points)


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
