"""Folders without a living attempt, and open attempts without a folder: what a control plane's own end leaves."""

from collections.abc import Collection

from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.ledger import service as ledger
from gristmill.runs import service, store
from gristmill.runs.executors.base import Executor
from gristmill.runs.model import FaultKind, RunFault, RunState


def forget_closed(db: Database, executor: Executor, attempt_id: str, *, dry_run: bool = False) -> bool:
    """Whether nothing of this attempt may live, or its run was deleted; it is forgotten then, unless `dry_run`."""
    with db.read() as tx:
        is_open = bool(store.load_attempts(tx, store.attempts.c.id == attempt_id, service.OPEN))
    if is_open or not (dry_run or executor.clean_up(attempt_id)):
        return False
    if not dry_run:
        executor.forget(attempt_id)
    return True


def open_of(tx: Tx, attempts: Collection[str]) -> set[str]:
    """Those of which something may live."""
    return {attempt.id for attempt in store.load_attempts(tx, store.attempts.c.id.in_(attempts), service.OPEN)}


def interrupt_all(tx: Tx, why: str, clock: Clock) -> int:
    """Every attempt that is open has lost its worker: rows that were copied came without it. How many there were."""
    fault = RunFault(
        kind=FaultKind.WORKER_LOST, message=why, hint="`gristmill runs rerun` starts it once more, with the same input."
    )
    found = service.open_attempts(tx)
    for attempt in found:
        if not attempt.state.final:
            run = store.brief_run(tx, attempt.run_id, lock=True)
            service.end_attempt(tx, run, attempt, RunState.FAILED, clock, fault)
        service.close_attempt(tx, attempt, clock)
        ledger.release(tx, attempt.id, clock.now())
    return len(found)
