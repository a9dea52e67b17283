"""What a worker says and is told: the claim that makes an attempt happen at most once, and its events."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from gristmill.core import blobs, events, tokens
from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import ConflictError, GristmillError, InvalidInputError, NotFoundError, UnavailableError
from gristmill.core.scopes import KERNEL_SCOPES, Actor, ActorKind, Scope
from gristmill.core.settings import Settings
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve
from gristmill.runs import kernels, service, store, utilisation
from gristmill.runs.model import (
    WORKER_PROTOCOL,
    Attempt,
    AttemptOrder,
    ClaimRequest,
    FaultKind,
    LoggedModel,
    Metric,
    Output,
    Run,
    RunFault,
    RunState,
    WorkerEvent,
    WorkerEventKind,
    WorkerEventsAnswer,
)
from gristmill.secrets import service as secrets
from gristmill.snapshots import service as snapshots


@dataclass(frozen=True, kw_only=True)
class ClaimContext:
    """What an order needs beside the rows. `url` is the control plane's own, as workers reach it."""

    url: str
    catalogue: Catalogue
    settings: Settings


def claim(
    tx: Tx,
    actor: Actor,
    attempt_id: str,
    request: ClaimRequest,
    context: ClaimContext,
    clock: Clock,
    granted: secrets.Opened = secrets.NONE_OPENED,
) -> AttemptOrder:
    """The order to execute this attempt, for the one process that may; it has the secrets' values.

    Raises:
        ConflictError: another process has claimed it, or it is over: exit without running anything.
        UnavailableError: a secret was changed since it was opened: to be asked again.
    """
    attempt, run = _attempt_of(tx, actor, attempt_id)
    if request.protocol not in {WORKER_PROTOCOL, WORKER_PROTOCOL - 1}:
        raise InvalidInputError(f"worker protocol {request.protocol} is not spoken here: expected {WORKER_PROTOCOL}")
    if not store.claim(tx, attempt_id, request.nonce, clock.now()):
        raise ConflictError(f"attempt {attempt_id} is another worker's or over")
    if attempt.claimed_at is None:
        ledger.activate(tx, attempt_id, clock.now())
        secrets.hand_out(tx, actor, run.secrets, granted, run=run.id, attempt=attempt_id, clock=clock)
    else:
        secrets.hand_out_again(tx, granted, attempt=attempt_id)
    snapshot = snapshots.of_run(tx, run.project_id, run.snapshot)
    tracked = store.tracked_run(tx, attempt_id)
    if snapshot is None or tracked is None:
        raise ConflictError(f"attempt {attempt_id} is not ready to be claimed")
    lock = [run.environment.lock] if run.environment is not None and run.environment.lock is not None else []
    files = [*(file.digest for file in snapshot.files), *lock]
    blobs.grant(tx, project_id=run.project_id, subject=attempt_id, digests=files)
    kernel_token = tokens.issue(
        tx,
        project_id=run.project_id,
        kind=ActorKind.KERNEL,
        name=f"kernel of {run.name}",
        scopes=KERNEL_SCOPES,
        now=clock.now(),
        subject=attempt_id,
    )
    return AttemptOrder(
        protocol=request.protocol,  # the worker's own: it may have been started by the version before this one
        attempt=attempt_id,
        run=run.id,
        run_number=run.number,
        number=attempt.number,
        notebook=snapshot.notebook,
        files=snapshot.files,
        import_roots=snapshot.import_roots,
        parameters={name: run.parameters[name] for name in run.given},
        parameters_cell=snapshot.schema.cell,
        kernel=run.kernel,
        timeout_s=run.timeout_s,
        cpu=resolve(context.catalogue, run.profile, ProfileUse.RUN).resources.cpu,
        secrets=granted.values,
        tracking_uri=f"{context.url}/mlflow",
        tracking_run=tracked[0],
        tracking_experiment=tracked[1],
        kernel_token=kernel_token,
        log_limit=context.settings.log_limit,
        output_limit=context.settings.output_limit,
        data=run.data,
        environment=run.environment,
        post_mortem_s=kernels.due(run, attempt),
        small_blobs=True,
    )


def granted(tx: Tx, attempt_id: str) -> tuple[secrets.Grant, ...]:
    """The secrets that the attempt's run was granted; none where there is no such attempt."""
    attempt = store.find_attempt(tx, attempt_id)
    if attempt is None:
        return ()
    return secrets.granted(tx, attempt.project_id, attempt.id, store.get_run(tx, attempt.run_id).secrets)


def refuse(tx: Tx, actor: Actor, attempt_id: str, error: GristmillError, clock: Clock) -> None:
    """The attempt has failed before anybody has claimed it; one that was claimed goes on.

    Raises:
        UnavailableError: it was claimed: its worker may ask again.
    """
    attempt, run = _attempt_of(tx, actor, attempt_id)
    if attempt.claimed_at is not None:
        raise UnavailableError(error.message, hint=error.hint) from error
    if not attempt.state.final:
        fault = RunFault(kind=FaultKind.LAUNCH, message=error.message, hint=error.hint)
        service.end_attempt(tx, run, attempt, RunState.FAILED, clock, fault)


def tracked_run(tx: Tx, attempt_id: str) -> tuple[str, str] | None:
    """The attempt's MLflow run and experiment; None before it has them."""
    return store.tracked_run(tx, attempt_id)


def receive(tx: Tx, actor: Actor, attempt_id: str, batch: tuple[WorkerEvent, ...], clock: Clock) -> WorkerEventsAnswer:
    """Takes the events that are new, in order, each once.

    Raises:
        ConflictError: an event is missing before the first of the batch.
    """
    attempt, run = _attempt_of(tx, actor, attempt_id)
    if attempt.claimed_at is None:
        raise ConflictError(f"attempt {attempt_id} was not claimed")
    last = take(tx, run, attempt, batch, clock)
    return WorkerEventsAnswer(last=last, cancel=run.cancel_requested)


def take(tx: Tx, run: Run, attempt: Attempt, batch: tuple[WorkerEvent, ...], clock: Clock) -> int:
    """Stores the events behind the last one held and lets each have its effect; the new last number.

    `run` is locked, and it and `attempt` were read after that.
    """
    last = events.last_of_attempt(tx, attempt.id)
    current: Attempt | None = attempt
    for event in batch:
        if event.n <= last:
            continue
        if event.n != last + 1:
            raise ConflictError(f"event {event.n} of {attempt.id} came after {last}: expected {last + 1}")
        if current is None:  # the event before may have changed both
            current, run = store.find_attempt(tx, attempt.id), store.brief_run(tx, run.id)
        if current is None or current.state.final:
            break  # it was given up meanwhile: what it says now changes nothing
        _apply(tx, run, current, event, clock)
        events.append(
            tx,
            project_id=run.project_id,
            time=event.time,
            kind=event.kind.value,
            subject=run.id,
            data=event.data,
            attempt=attempt.id,
            n=event.n,
        )
        last = event.n
        if event.kind is WorkerEventKind.ATTEMPT_FINISHED:
            _finish(tx, run, current, event, clock)
        current = None
    return last


def _apply(tx: Tx, run: Run, attempt: Attempt, event: WorkerEvent, clock: Clock) -> None:
    try:
        _EFFECTS[event.kind](tx, run, attempt, event, clock)
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        raise InvalidInputError(f"event {event.n} ({event.kind}) is malformed: {error!r}") from error


def _started(tx: Tx, run: Run, attempt: Attempt, event: WorkerEvent, clock: Clock) -> None:
    changes: dict[str, Any] = {"provenance": {**attempt.provenance, **event.data.get("provenance", {})}}
    if attempt.state is RunState.STARTING:
        changes.update(state=RunState.RUNNING, started_at=event.time, waiting=None)
        first: dict[str, datetime] = {} if run.started_at else {"started_at": event.time}
        service.set_state(tx, run, RunState.RUNNING, clock, waiting=None, **first)
    store.update_attempt(tx, attempt.id, **changes)


def _cell_started(tx: Tx, _run: Run, attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    _progress(tx, attempt, cell=int(event.data["number"]), cells=int(event.data["of"]))


def _log(tx: Tx, _run: Run, attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    if tail := event.data.get("tail"):
        _progress(tx, attempt, tail=str(tail)[:200])


def _progressed(tx: Tx, _run: Run, attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    given = {key: event.data[key] for key in ("fraction", "message") if event.data.get(key) is not None}
    _progress(tx, attempt, **given)


def _metrics(tx: Tx, run: Run, _attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    store.put_metrics(tx, run, msgspec.convert(event.data["metrics"], dict[str, Metric]))


def _output(tx: Tx, _run: Run, attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    output = msgspec.convert(event.data, Output)
    _check_held(tx, attempt, output.digest)
    store.put_output(tx, attempt, output)


def _models(tx: Tx, run: Run, _attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    store.update_run(tx, run.id, models=msgspec.convert(event.data["models"], tuple[LoggedModel, ...]))


def _utilisation(tx: Tx, _run: Run, attempt: Attempt, event: WorkerEvent, _clock: Clock) -> None:
    utilisation.take(tx, attempt, event)


def _nothing(_tx: Tx, _run: Run, _attempt: Attempt, _event: WorkerEvent, _clock: Clock) -> None:
    """The event itself is all."""


def _finish(tx: Tx, run: Run, attempt: Attempt, event: WorkerEvent, clock: Clock) -> None:
    try:
        state = RunState(event.data["state"])
        fault = msgspec.convert(event.data.get("fault"), RunFault | None)
    except (KeyError, ValueError, msgspec.ValidationError) as error:
        raise InvalidInputError(f"event {event.n} ({event.kind}) is malformed: {error!r}") from error
    if not state.final:
        raise InvalidInputError(f"an attempt cannot finish as {state}")
    if state is RunState.CANCELLED and not run.cancel_requested:
        state, fault = RunState.FAILED, _stopped_fault(run, attempt, event)
    if state is RunState.FAILED and fault is None:
        fault = RunFault(kind=FaultKind.NOTEBOOK, message="the worker said that it failed and not why")
    notebook = event.data.get("executed_notebook")
    if notebook is not None:
        _check_held(tx, attempt, str(notebook))
    service.end_attempt(tx, run, attempt, state, clock, fault, executed_notebook=notebook)
    if state is RunState.FAILED and event.data.get("connection_file") is not None:
        kernels.keep(tx, run, attempt, str(event.data["connection_file"]), event.time, clock)


def _stopped_fault(run: Run, attempt: Attempt, event: WorkerEvent) -> RunFault:
    """Why a worker was told to stop although nobody had cancelled the run."""
    ran = (event.time - attempt.started_at).total_seconds() if attempt.started_at else 0.0
    if run.timeout_s is not None and ran > run.timeout_s:
        message = f"the run took longer than its timeout of {run.timeout_s:g} s"
        return RunFault(kind=FaultKind.TIMEOUT, message=message, hint="Give it more with --timeout.")
    message = "the worker was told to stop, and nobody had cancelled the run"
    again = "`gristmill runs rerun` starts it once more."
    if attempt.waiting:  # said while it ran, by who looks after what it runs on
        message += f"; last was said of it: {attempt.waiting}"
        return RunFault(kind=FaultKind.WORKER_LOST, message=message, hint=again)
    hint = f"It began too slowly, or was ended from outside. {again}"
    return RunFault(kind=FaultKind.WORKER_LOST, message=message, hint=hint)


def _check_held(tx: Tx, attempt: Attempt, digest: str) -> None:
    """A worker reports only what it has sent or was given: nobody's blob is to be had by naming its digest."""
    if digest not in blobs.held(tx, attempt.project_id, [blobs.check_digest(digest)], subject=attempt.id):
        raise ConflictError(f"blob {digest} was not sent: send it before the event that names it")


def _progress(tx: Tx, attempt: Attempt, **changes: Any) -> None:
    store.update_attempt(tx, attempt.id, progress=replace(attempt.progress, **changes))


def _attempt_of(tx: Tx, actor: Actor, attempt_id: str) -> tuple[Attempt, Run]:
    actor.require(Scope.ATTEMPT)
    actor.require_subject(attempt_id)
    run = store.lock_run_of(tx, attempt_id)
    attempt = store.find_attempt(tx, attempt_id)
    if run is None or attempt is None or attempt.project_id != actor.project_id:
        raise NotFoundError(f"no attempt {attempt_id[:80]!r}")
    return attempt, run


_EFFECTS = {
    WorkerEventKind.ATTEMPT_STARTED: _started,
    WorkerEventKind.CELL_STARTED: _cell_started,
    WorkerEventKind.CELL_FINISHED: _nothing,
    WorkerEventKind.LOG: _log,
    WorkerEventKind.METRIC: _metrics,
    WorkerEventKind.PROGRESS: _progressed,
    WorkerEventKind.OUTPUT: _output,
    WorkerEventKind.MODELS: _models,
    WorkerEventKind.UTILISATION: _utilisation,
    WorkerEventKind.ATTEMPT_FINISHED: _nothing,
}
