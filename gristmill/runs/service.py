"""What may happen to a run. The only code that changes its state."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from gristmill.core import audit, blobs, events
from gristmill.core.blobs import hold_granted, revoke_grants
from gristmill.core.clock import Clock
from gristmill.core.database import Tx
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError, QueueFullError
from gristmill.core.ids import new_id
from gristmill.core.scopes import Actor, Scope
from gristmill.core.tokens import revoke_subject
from gristmill.data_roots import service as data_roots
from gristmill.environments.model import RunEnvironment
from gristmill.ledger import service as ledger
from gristmill.notebooks.values import check_values
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve
from gristmill.runs import findable, search, store
from gristmill.runs.limits import check_labels, check_name, check_request
from gristmill.runs.model import (
    FINAL_STATES,
    Attempt,
    Held,
    Output,
    Run,
    RunChange,
    RunColumns,
    RunCounts,
    RunDetail,
    RunFault,
    RunRequest,
    RunState,
    check_transition,
)
from gristmill.runs.search import RunFilter
from gristmill.secrets import service as secrets
from gristmill.snapshots import service as snapshots
from gristmill.snapshots.model import Snapshot
from gristmill.tracking.model import OWN_SERVER
from gristmill.utilisation import service as utilisation

_ENDED = {
    RunState.SUCCEEDED: "has succeeded",
    RunState.FAILED: "has failed",
    RunState.CANCELLED: "was cancelled",
}
PYTHON_KERNEL = "python3"  # what a notebook is said to run on that names no kernel, and has an environment
OPEN = store.attempts.c.closed_at.is_(None)  # of an attempt of which something may live


def create(
    tx: Tx,
    actor: Actor,
    request: RunRequest,
    snapshot: Snapshot,
    *,
    catalogue: Catalogue,
    max_queued: int,
    clock: Clock,
    environment: RunEnvironment | None = None,
) -> Run:
    """The new run, queued. Nothing is stored unless all of the request holds.

    Raises:
        InvalidInputError: every fault of the parameters at once, or of the secrets, or of another field.
        NotFoundError: an unknown profile.
        QueueFullError: as many runs wait as may.
    """
    actor.require(Scope.RUNS_WRITE)
    values = check_values(snapshot.schema, request.parameters)
    granted = secrets.check(tx, actor.project_id, request.secrets, used=snapshot.secrets)
    profile = resolve(catalogue.given_by(actor.groups), request.profile, ProfileUse.RUN)
    check_request(request)
    if not profile.resources.fits_in(catalogue.capacity):
        raise InvalidInputError(
            f"profile {profile.name!r} asks for more than this machine has in all",
            hint="Take a smaller one: `gristmill profiles` lists them.",
        )
    kernel = request.kernel or snapshot.kernel or (PYTHON_KERNEL if environment is not None else None)
    if kernel is None:
        raise InvalidInputError(
            f"{snapshot.notebook} names no kernel: expected metadata.kernelspec.name",
            hint="Name one with -k; `jupyter kernelspec list` shows what is installed.",
        )
    if (waiting := store.count_unfinished(tx, actor.project_id)) >= max_queued:
        raise QueueFullError(
            f"{waiting} runs are queued, at most {max_queued} may be",
            hint="Cancel some, wait, or raise GRISTMILL_MAX_QUEUED.",
        )
    now = clock.now()
    snapshots.hold(tx, snapshot, clock)
    if environment is not None and environment.lock is not None:
        blobs.hold(tx, actor.project_id, [environment.lock], now)
    number = events.next_number(tx, actor.project_id, "runs")
    stem = snapshot.notebook.rsplit("/", 1)[-1].removesuffix(".ipynb")
    defaults = {one.name: one.default for one in snapshot.schema.parameters if not one.required}
    run = Run(
        id=new_id("run", now),
        project_id=actor.project_id,
        number=number,
        name=request.name or f"{stem}-{number}",
        notebook=snapshot.notebook,
        snapshot=snapshot.id,
        parameters={**defaults, **values},
        given=tuple(values),
        profile=profile.name,
        kernel=kernel,
        secrets=granted,
        labels=request.labels,
        priority=request.priority,
        timeout_s=request.timeout_s,
        retries=request.retries,
        state=RunState.QUEUED,
        created_by=actor.name,
        created_at=now,
        data=data_roots.of_run(tx, actor, request.data, source=snapshot.source, notebook=snapshot.notebook),
        environment=environment,
        post_mortem_s=request.post_mortem_s,
        commit=snapshot.git.commit if snapshot.git is not None else None,
    )
    store.insert_run(tx, run, findable.text_of(run.name, run.notebook, run.labels))
    findable.add(tx, run)
    announce(tx, run, "run.queued", clock)
    audit.record(tx, actor, time=now, action="run.create", subject=run.id, detail=_noted(run))
    return run


def find(tx: Tx, actor: Actor, key: str, *, lock: bool = False) -> Run:
    """The run with this id, number or (the newest with this) name."""
    actor.require(Scope.READ)
    run = store.find_run(tx, actor.project_id, key, lock=lock)
    if run is None:
        raise NotFoundError(f"no run {key[:200]!r}", hint="`gristmill runs list` shows those that there are.")
    return run


def detail(tx: Tx, actor: Actor, key: str) -> RunDetail:
    run = find(tx, actor, key)
    attempts = store.load_attempts(tx, store.attempts.c.run_id == run.id)
    last = [attempts[-1].id] if attempts else []
    return RunDetail(
        run=run,
        attempts=tuple(attempts),
        outputs=tuple(store.load_outputs(tx, last)),
        held=_held(tx, [one.id for one in attempts]),
    )


def _held(tx: Tx, attempts: Sequence[str]) -> tuple[Held, ...]:
    """The ledger's intervals: from when something lived until nothing did."""
    return tuple(
        Held(
            attempt=one.holder,
            profile=one.profile,
            rate_per_hour=one.rate_per_hour,
            since=one.active_at,
            until=one.released_at,
        )
        for one in ledger.all_of_holders(tx, attempts)
        if one.active_at is not None
    )


def list_runs(tx: Tx, actor: Actor, wanted: RunFilter) -> Sequence[Run]:
    """Newest first, or best first by a metric."""
    actor.require(Scope.READ)
    return search.find(tx, actor.project_id, wanted)


def count_runs(tx: Tx, actor: Actor, wanted: RunFilter, by: str | None = None) -> RunCounts:
    actor.require(Scope.READ)
    return search.count(tx, actor.project_id, wanted, by)


def columns(tx: Tx, actor: Actor) -> RunColumns:
    actor.require(Scope.READ)
    return search.columns(tx, actor.project_id)


def change(tx: Tx, actor: Actor, key: str, request: RunChange, clock: Clock) -> Run:
    """The run with another name or other labels; what it was run with never changes."""
    actor.require(Scope.RUNS_WRITE)
    run = find(tx, actor, key, lock=True)
    labels = {name: value for name, value in {**run.labels, **request.labels}.items() if value is not None}
    changed = replace(run, name=run.name if request.name is None else request.name, labels=labels)
    check_labels(labels)
    check_name(request.name)
    if changed != run:
        store.update_run(tx, run.id, name=changed.name, labels=labels)
        findable.retell(tx, changed)
        announce(tx, changed, "run.changed", clock)
        detail = {"name": changed.name, "labels": labels}
        audit.record(tx, actor, time=clock.now(), action="run.change", subject=run.id, detail=detail)
    return changed


def cancel(tx: Tx, actor: Actor, key: str, clock: Clock) -> Run:
    """The run, cancelled if nothing of it was started, else asked to stop."""
    actor.require(Scope.RUNS_WRITE)
    run = find(tx, actor, key, lock=True)
    if run.state.final:
        raise ConflictError(f"run {run.name} is over: it {_ENDED[run.state]}")
    if not run.cancel_requested:
        store.update_run(tx, run.id, cancel_requested=True)
        audit.record(tx, actor, time=clock.now(), action="run.cancel", subject=run.id)
        if run.state is RunState.QUEUED:
            finish(tx, run, RunState.CANCELLED, clock)
        else:
            announce(tx, run, "run.cancelling", clock)
    return store.get_run(tx, run.id)


def start_anyway(tx: Tx, actor: Actor, key: str, clock: Clock) -> Run:
    """The waiting run is admitted although the machine is full by Gristmill's own count."""
    actor.require(Scope.RUNS_WRITE)
    run = find(tx, actor, key, lock=True)
    if run.state is not RunState.QUEUED:
        raise ConflictError(f"run {run.name} does not wait: it is {run.state}")
    store.update_run(tx, run.id, start_anyway=True)
    audit.record(tx, actor, time=clock.now(), action="run.start_anyway", subject=run.id)
    announce(tx, run, "run.start_anyway", clock)
    return run


def delete(tx: Tx, actor: Actor, key: str, clock: Clock) -> Run:
    """Removes a run that is over, with its attempts and outputs. Blobs stay until nothing refers to them."""
    actor.require(Scope.RUNS_WRITE)
    run = find(tx, actor, key, lock=True)
    if not run.state.final:
        raise ConflictError(
            f"run {run.name} is {run.state} and cannot be deleted",
            hint=f"Cancel it first: gristmill runs cancel {run.number}",
        )
    alive = [attempt for attempt in open_attempts(tx) if attempt.run_id == run.id]
    if alive:
        raise ConflictError(
            f"run {run.name} is {run.state}, and something of it still lives: it cannot be deleted yet",
            hint="Try again in a moment.",
        )
    remove(tx, run, clock)
    audit.record(tx, actor, time=clock.now(), action="run.delete", subject=run.id, detail={"name": run.name})
    return run


def remove(tx: Tx, run: Run, clock: Clock) -> None:
    """The run is deleted; nothing of it lives."""
    events.forget(tx, run.id)
    announce(tx, run, "run.deleted", clock)
    ids = [attempt.id for attempt in store.load_attempts(tx, store.attempts.c.run_id == run.id)]
    tx.execute(sa.delete(store.outputs).where(store.outputs.c.attempt_id.in_(ids)))
    utilisation.forget(tx, ids)
    tx.execute(sa.delete(store.metrics).where(store.metrics.c.run_id == run.id))
    tx.execute(sa.delete(store.attempts).where(store.attempts.c.run_id == run.id))
    findable.remove(tx, run.id)
    tx.execute(sa.delete(store.runs).where(store.runs.c.id == run.id))


def made_of(tx: Tx, snapshot_ids: Iterable[str]) -> set[str]:
    """Those of the snapshots that runs were made of."""
    return set(tx.scalars(sa.select(store.runs.c.snapshot).where(store.runs.c.snapshot.in_(list(snapshot_ids)))))


def again(run: Run) -> RunRequest:
    """The request that makes the same run once more."""
    return RunRequest(
        snapshot=run.snapshot,
        parameters={name: run.parameters[name] for name in run.given},
        profile=run.profile,
        kernel=None if run.environment else run.kernel,
        secrets=run.secrets,
        labels=run.labels,
        priority=run.priority,
        timeout_s=run.timeout_s,
        retries=run.retries,
        data=run.data,
        environment=run.environment.name if run.environment else None,
        post_mortem_s=run.post_mortem_s,
    )


# What the control loop and the workers' reports do to a run ---------------------------------------------------------


def announce(tx: Tx, run: Run, kind: str, clock: Clock, data: dict[str, Any] | None = None) -> None:
    """An event about the run. Its state travels along, so that a reader needs no second question."""
    events.append(
        tx,
        project_id=run.project_id,
        time=clock.now(),
        kind=kind,
        subject=run.id,
        data={"number": run.number, **(data or {})},
    )


def set_state(tx: Tx, run: Run, state: RunState, clock: Clock, **values: Any) -> Run:
    check_transition(run.state, state)
    store.update_run(tx, run.id, state=state, **values)
    announce(tx, run, f"run.{state}", clock, {"state": state.value})
    return replace(run, state=state)


def finish(tx: Tx, run: Run, state: RunState, clock: Clock, fault: RunFault | None = None) -> None:
    ended, took = store.end_of(tx, run.id, clock.now())
    set_state(tx, run, state, clock, fault=fault, waiting=None, ended_at=ended, seconds=took)


def end_attempt(
    tx: Tx, run: Run, attempt: Attempt, state: RunState, clock: Clock, fault: RunFault | None = None, **values: Any
) -> None:
    """The attempt is over, and the run with it, unless it failed and another attempt is due."""
    check_transition(attempt.state, state)
    ended = store.end_of_attempt(clock.now())
    store.update_attempt(tx, attempt.id, state=state, ended_at=ended, fault=fault, waiting=None, **values)
    if state is RunState.FAILED and attempt.number <= run.retries and not run.cancel_requested:
        set_state(tx, run, RunState.QUEUED, clock, fault=fault)
    else:
        finish(tx, run, state, clock, fault)


def close_attempt(tx: Tx, attempt: Attempt, clock: Clock) -> None:
    """Nothing of the attempt lives any more: its tokens die, and what they could read is theirs no more."""
    store.update_attempt(tx, attempt.id, closed_at=clock.now(), kept_kernel=None)
    hold_granted(tx, attempt.id, clock.now())
    revoke_grants(tx, attempt.id)
    revoke_subject(tx, attempt.id, clock.now())


def open_attempts(tx: Tx) -> list[Attempt]:
    """Attempts of which something may live."""
    return store.load_attempts(tx, OPEN)


def check_tracked_by(tx: Tx, server: str | None) -> None:
    """Whether what is under way is tracked by this MLflow server.

    Raises:
        ConflictError: by another one, which only a control plane that is set to it can go on with.
    """
    others = [one for one in open_attempts(tx) if one.tracking_run is not None and one.tracking_server != server]
    if others:
        where = {one.tracking_server for one in others}
        named = ", ".join(sorted(one or OWN_SERVER for one in where))
        setting = f"GRISTMILL_MLFLOW_URL={next(iter(where))}" if where != {None} else "GRISTMILL_MLFLOW_URL unset"
        raise ConflictError(
            f"{len(others)} runs under way are tracked by {named}, not by {server or OWN_SERVER}",
            hint=f"Start with {setting} until they are over or cancelled; nothing of them gets lost.",
        )


def tracked_as(tx: Tx, actor: Actor, tracking_run: str) -> str | None:
    """The id of the run whose attempt this MLflow run is."""
    table = store.attempts
    query = sa.select(table.c.run_id).where(
        table.c.project_id == actor.project_id, table.c.tracking_run == tracking_run
    )
    return tx.scalar(query.limit(1))


def find_all(tx: Tx, actor: Actor, run_ids: Iterable[str]) -> dict[str, Run]:
    """Those of these runs that are there, by id."""
    actor.require(Scope.READ)
    wanted = sa.select(store.runs).where(store.runs.c.project_id == actor.project_id, store.runs.c.id.in_(run_ids))
    return {run.id: run for run in store.load_runs(tx, wanted)}


def alive(tx: Tx, actor: Actor) -> list[Run]:
    """Runs of which something lives, but for those of which a kernel was kept."""
    own = [attempt for attempt in open_attempts(tx) if attempt.project_id == actor.project_id]
    ids = {attempt.run_id for attempt in own if attempt.kept_kernel is None}
    return [store.get_run(tx, run_id) for run_id in sorted(ids)]


def cancel_all(tx: Tx, actor: Actor, clock: Clock) -> None:
    """Every run that is not over is cancelled, or asked to stop."""
    table = store.runs
    unfinished = table.c.state.not_in([state.value for state in FINAL_STATES])
    for run in store.lock_runs(tx, table.c.project_id == actor.project_id, unfinished):
        cancel(tx, actor, run.id, clock)


def output_named(tx: Tx, actor: Actor, key: str, name: str) -> Output:
    found = {output.name: output for output in detail(tx, actor, key).outputs}
    if name not in found:
        raise NotFoundError(f"run {key} has no output {name!r}", hint=f"It has: {', '.join(found) or 'none'}.")
    return found[name]


def _noted(run: Run) -> dict[str, Any]:
    secrets_named = {"secrets": [grant.name for grant in run.secrets]} if run.secrets else {}
    environment = {"environment": run.environment.name} if run.environment else {}
    return {"notebook": run.notebook, **secrets_named, **environment}
