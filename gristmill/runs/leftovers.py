"""What an executor still keeps of attempts that are over: a control plane ended before it could have it forgotten."""

from gristmill.core.database import Database
from gristmill.runs import service, store
from gristmill.runs.executors.base import Executor


def forget_closed(db: Database, executor: Executor, attempt_id: str, *, dry_run: bool = False) -> bool:
    """Whether nothing of this attempt may live, or its run was deleted; it is forgotten then, unless `dry_run`."""
    with db.read() as tx:
        is_open = bool(store.load_attempts(tx, store.attempts.c.id == attempt_id, service.OPEN))
    if is_open or not (dry_run or executor.clean_up(attempt_id)):
        return False
    if not dry_run:
        executor.forget(attempt_id)
    return True
