"""Kernels that outlive their attempts: of runs that asked for it and have failed in a cell.

The worker keeps the kernel and ends it, with itself, when its time is over; until it is seen to be gone the attempt is
open and its reservation held. A kept kernel is of a run that is over: it executes nothing of it any more.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gristmill.core import audit
from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import NotFoundError
from gristmill.core.scopes import Actor, ActorKind, Scope
from gristmill.core.tokens import revoke_subject
from gristmill.ledger import service as ledger
from gristmill.ledger.model import KERNEL, RUN
from gristmill.profiles.model import Resources
from gristmill.runs import service, store
from gristmill.runs.executors.base import Executor
from gristmill.runs.model import Attempt, KeptKernel, PostMortemKernel, Run

_LONGEST_PATH = 4096


@dataclass(frozen=True, kw_only=True)
class Kernels:
    """What people may do with kept kernels. The executor is asked outside of any transaction."""

    db: Database
    clock: Clock
    executor: Executor

    def listed(self, actor: Actor) -> list[PostMortemKernel]:
        """Those of the actor's project, oldest first."""
        with self.db.read() as tx:
            found = kept(tx, actor)
        return [replace(one, memory=self.executor.memory(one.id)) for one in found]

    def end(self, actor: Actor, key: str) -> PostMortemKernel:
        """The kernel with this id, or of this run, which is told to end.

        Raises:
            NotFoundError: there is none.
        """
        with self.db.write() as tx:
            return end(tx, actor, key, self.clock)

    def delete_run(self, actor: Actor, key: str) -> Run:
        """As `service.delete`; a run with a kept kernel is deleted as soon as that has ended."""
        with self.db.write() as tx:
            run = service.find(tx, actor, key, lock=True)
            found = [one for one in kept(tx, actor) if one.run == run.id]
            if not found:
                return service.delete(tx, actor, run.id, self.clock)
            actor.require(Scope.RUNS_WRITE)
            _tell_to_end(tx, run, found[0].id, self.clock, deleting=True)
            detail = {"name": run.name}
            audit.record(tx, actor, time=self.clock.now(), action="run.delete", subject=run.id, detail=detail)
            return store.get_run(tx, run.id)


def kept(tx: Tx, actor: Actor) -> list[PostMortemKernel]:
    actor.require(Scope.READ)
    own = store.attempts.c.project_id == actor.project_id
    found = [(one, one.kept_kernel) for one in store.load_attempts(tx, service.OPEN, own)]
    shown = (_shown(tx, attempt, kernel) for attempt, kernel in found if kernel is not None)
    return sorted(shown, key=lambda one: one.kept.since)


def end(tx: Tx, actor: Actor, key: str, clock: Clock) -> PostMortemKernel:
    actor.require(Scope.RUNS_WRITE)
    found = {one.id: one for one in kept(tx, actor)}
    run = service.find(tx, actor, found[key].run if key in found else key, lock=True)
    own = [one for one in kept(tx, actor) if one.run == run.id]  # it may have ended while the lock was waited for
    if not own:
        raise NotFoundError(f"no kernel of {run.name} is kept", hint="`gristmill kernels` shows those that are.")
    _tell_to_end(tx, run, own[0].id, clock)
    audit.record(tx, actor, time=clock.now(), action="kernel.end", subject=run.id)
    return replace(own[0], kept=replace(own[0].kept, ending=True))


def end_all(tx: Tx, actor: Actor, clock: Clock) -> None:
    """Every kept kernel is told to end."""
    for one in kept(tx, actor):
        end(tx, actor, one.id, clock)


# What workers and the control loop do --------------------------------------------------------------------------------


def due(run: Run, attempt: Attempt) -> float | None:
    """For how many seconds this attempt's kernel is kept: only of the last one."""
    return run.post_mortem_s if attempt.number > run.retries else None


def keep(tx: Tx, run: Run, attempt: Attempt, connection_file: str, since: datetime, clock: Clock) -> None:
    """The attempt has failed and its worker keeps the kernel; where nobody has asked for it, it is told to stop.

    The kernel writes to MLflow no more: the run's record is that of its end.
    """
    seconds = due(run, attempt)
    if seconds is None or run.cancel_requested:
        return
    until = since + timedelta(seconds=seconds)
    one = KeptKernel(connection_file=connection_file[:_LONGEST_PATH], since=since, until=until)
    store.update_attempt(tx, attempt.id, kept_kernel=one)
    ledger.rename(tx, attempt.id, f"{RUN}{run.name}", f"{KERNEL}{run.name}")
    revoke_subject(tx, attempt.id, clock.now(), kind=ActorKind.KERNEL)
    service.announce(tx, run, "run.kernel_kept", clock, {"until": until.isoformat()})


def rests(attempt: Attempt) -> bool:
    """Whether its kernel is kept and nothing is to be done about it before its time."""
    return attempt.kept_kernel is not None and not attempt.kept_kernel.ending


def closed(tx: Tx, run: Run, attempt: Attempt | None, clock: Clock) -> None:
    """The attempt's kernel, if one was kept, is gone. `attempt` is as it was before it was closed."""
    if attempt is None or attempt.kept_kernel is None:
        return
    service.announce(tx, run, "run.kernel_ended", clock)
    if attempt.kept_kernel.deleting:
        service.remove(tx, run, clock)


def _tell_to_end(tx: Tx, run: Run, attempt_id: str, clock: Clock, *, deleting: bool = False) -> None:
    """`run` is locked."""
    attempt = store.find_attempt(tx, attempt_id)
    if attempt is not None and attempt.kept_kernel is not None:
        before = attempt.kept_kernel
        ending = replace(before, ending=True, deleting=deleting or before.deleting)
        store.update_attempt(tx, attempt_id, kept_kernel=ending)
        service.announce(tx, run, "run.kernel_ending", clock)


def _shown(tx: Tx, attempt: Attempt, kernel: KeptKernel) -> PostMortemKernel:
    run, held = store.brief_run(tx, attempt.run_id), ledger.held_by_holder(tx, attempt.id)
    return PostMortemKernel(
        id=attempt.id,
        run=run.id,
        number=run.number,
        name=run.name,
        notebook=run.notebook,
        profile=held.profile if held else run.profile,
        resources=held.resources if held else Resources(),
        kept=kernel,
    )
