"""Attempts whose workers live, are to stop, or are gone."""

import logging
from dataclasses import dataclass, field

from gristmill.core import events
from gristmill.core.blobs import BlobStore, expect, grant, remember
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.core.settings import Settings
from gristmill.ledger import service as ledger
from gristmill.runs import attempts as protocol
from gristmill.runs import kernels, service, store
from gristmill.runs.executors.base import Executor
from gristmill.runs.launching import Tracking
from gristmill.runs.model import Attempt, FaultKind, Run, RunFault, RunState
from gristmill.tracking.model import TrackedStatus

_TELLS_AFTER = 1.5  # seconds: what passes sooner is no news
_CANNOT_START = "The platform's administrators can mend that: the profile's image, or the cluster's configuration."
log = logging.getLogger(__name__)


@dataclass
class Watch:
    """What happens to an attempt from its launch until nothing of it lives any more."""

    db: Database
    leader: Leadership
    executor: Executor
    blobs: BlobStore
    tracking: Tracking
    settings: Settings
    clock: Clock
    # When this process asked a worker to stop, on its monotonic clock: after a restart the grace begins anew.
    _asked: dict[str, float] = field(default_factory=dict)
    _launched: dict[str, float] = field(default_factory=dict)
    _seen_running: dict[str, float] = field(default_factory=dict)
    _seen_kept: dict[str, float] = field(default_factory=dict)
    _held_up: dict[str, float] = field(default_factory=dict)

    def begin(self, attempt: Attempt) -> None:
        """A worker is about to be launched. Whatever was asked before, it was another process."""
        self._launched[attempt.id] = self.clock.monotonic()
        self._asked.pop(attempt.id, None)

    def look_after(self, run: Run, attempt: Attempt) -> None:
        """The worker lives: it is asked to stop where that is wanted, and ended when it does not."""
        now = self.clock.monotonic()
        if self._keeps_kernel(run, attempt, now):
            return
        if attempt.claimed_at is None:
            if self._is_held_up(run, attempt, now):
                return
        elif not attempt.state.final:
            self._tell_trouble(attempt)
        overdue = self._is_overdue(run, attempt, now)
        if not (run.cancel_requested or attempt.state.final or overdue or self._is_idle(attempt, now)):
            return
        asked = self._asked.get(attempt.id)
        if asked is None:
            self._asked[attempt.id] = now
            if not attempt.state.final or attempt.kept_kernel is not None:  # another one is about to go by itself
                self.executor.cancel(attempt.id)
        elif now - asked > self.settings.cancel_grace:
            if overdue and not attempt.state.final:
                message = f"the run took longer than its timeout of {run.timeout_s:g} s and did not stop when asked"
                self.end(run, attempt, RunState.FAILED, RunFault(kind=FaultKind.TIMEOUT, message=message))
            self.executor.kill(attempt.id)

    def _is_held_up(self, run: Run, attempt: Attempt, now: float) -> bool:
        """Whether something else than the worker itself is waited for; one that cannot come is not waited for."""
        holdup = None if attempt.state.final or run.cancel_requested else self.executor.holdup(attempt.id)
        if holdup is None:
            self._held_up.pop(attempt.id, None)
            return False
        self._launched[attempt.id] = now
        if holdup.hopeless:
            fault = RunFault(
                kind=FaultKind.LAUNCH, message=f"the worker cannot start: {holdup.why}", hint=_CANNOT_START
            )
            self.end(run, attempt, RunState.FAILED, fault)
            self.executor.kill(attempt.id)
        elif now - self._held_up.setdefault(attempt.id, now) >= _TELLS_AFTER:
            self.tell(attempt, holdup.why)
        return True

    def _tell_trouble(self, attempt: Attempt) -> None:
        """What keeps a worker that has begun from being heard of, until it is again, or is about to end it."""
        holdup = self.executor.holdup(attempt.id)
        self.tell(attempt, holdup.why if holdup is not None else None)

    def tell(self, attempt: Attempt, why: str | None) -> None:
        """For what the attempt waits, or that it waits no more, where that is news."""
        if attempt.waiting == why:
            return
        with self.leader.write() as tx:
            run = store.brief_run(tx, attempt.run_id, lock=True)
            current = store.find_attempt(tx, attempt.id)  # it may have ended meanwhile
            if current is None or current.state.final:
                return
            store.update_attempt(tx, attempt.id, waiting=why)
            service.announce(tx, run, "run.waiting", self.clock, {"waiting": why})

    def _keeps_kernel(self, run: Run, attempt: Attempt, now: float) -> bool:
        """Whether the worker lives on for its kernel. It keeps to the time itself: this is for one that does not."""
        kept = attempt.kept_kernel
        if kept is None or kept.ending or run.cancel_requested:
            return False
        seen = now - self._seen_kept.setdefault(attempt.id, now)
        lasted = (self.clock.now() - kept.since).total_seconds()
        return min(seen, lasted) <= (kept.until - kept.since).total_seconds() + self.settings.cancel_grace

    def _is_overdue(self, run: Run, attempt: Attempt, now: float) -> bool:
        """By the wall's clock, which may have been put forward, and by the time in which it was seen to run.

        The worker itself keeps to the timeout; this is for one that does not.
        """
        if attempt.started_at is None or run.timeout_s is None:
            return False
        seen = now - self._seen_running.setdefault(attempt.id, now)
        lasted = (self.clock.now() - attempt.started_at).total_seconds()
        return min(seen, lasted) > run.timeout_s + self.settings.cancel_grace

    def _is_idle(self, attempt: Attempt, now: float) -> bool:
        """Whether the worker has not claimed its attempt in good time."""
        since = self._launched.setdefault(attempt.id, now)
        if attempt.claimed_at is not None or now - since <= self.settings.launch_timeout:
            return False
        with self.db.read() as tx:  # it may have done so since this step began
            current = store.find_attempt(tx, attempt.id)
        return current is not None and current.claimed_at is None

    def take_leave(self, run: Run, attempt: Attempt) -> None:
        """The worker is gone: what it wrote down and could not deliver is taken; without a last word it was lost."""
        with self.db.read() as tx:
            last = events.last_of_attempt(tx, attempt.id)
        rest = self.executor.undelivered(attempt.id, last)
        sizes = self._take_blobs(attempt)
        outside = self.executor.ended_by(attempt.id)
        said = self.executor.log_tail(attempt.id)
        try:
            with self.leader.write() as tx:
                run = store.brief_run(tx, run.id, lock=True)
                attempt = store.find_attempt(tx, attempt.id) or attempt
                for digest, size in sizes.items():
                    remember(tx, project_id=run.project_id, digest=digest, size=size, now=self.clock.now())
                grant(tx, project_id=run.project_id, subject=attempt.id, digests=sizes)
                protocol.take(tx, run, attempt, rest, self.clock)
        except (NotLeaderError, UnavailableError):  # the journal is still there when it is looked at again
            raise
        except GristmillError as error:
            log.exception("the journal of %s cannot be taken", attempt.id)
            said = f"{error.message}\n{said}"
        with self.db.read() as tx:
            current = store.find_attempt(tx, attempt.id)
        if current is None or current.state.final:
            return
        if run.cancel_requested:
            self.end(run, current, RunState.CANCELLED)
        else:
            self.end(run, current, RunState.FAILED, _lost_fault(current, said, outside))

    def _take_blobs(self, attempt: Attempt) -> dict[str, int]:
        """Digest and size of the blobs that a worker which is gone had kept; they are stored now."""
        sizes = {}
        for digest, chunks in self.executor.undelivered_blobs(attempt.id):
            with self.leader.write() as tx:
                expect(tx, project_id=attempt.project_id, digest=digest, now=self.clock.now())
            try:
                sizes[digest] = self.blobs.put(digest, chunks)
            except InvalidInputError as error:
                log.warning("a blob of %s is left out: %s", attempt.id, error.message)
        return sizes

    def fail_launch(self, run: Run, attempt: Attempt, launches: int) -> None:
        said = (self.executor.ended_by(attempt.id) or self.executor.log_tail(attempt.id)).strip()
        message = f"the worker ended {launches} times before it could begin"
        fault = RunFault(kind=FaultKind.LAUNCH, message=f"{message}: {said}" if said else message)
        self.end(run, attempt, RunState.FAILED, fault)

    def refuse(self, run: Run, attempt: Attempt, error: GristmillError) -> None:
        """What the attempt needs before its worker starts was refused, for good."""
        fault = RunFault(kind=FaultKind.LAUNCH, message=error.message, hint=error.hint)
        self.end(run, attempt, RunState.FAILED, fault)

    def end(self, run: Run, attempt: Attempt, state: RunState, fault: RunFault | None = None) -> None:
        with self.leader.write() as tx:
            run = store.brief_run(tx, run.id, lock=True)
            current = store.find_attempt(tx, attempt.id)
            if current is not None and not current.state.final:
                service.end_attempt(tx, run, current, state, self.clock, fault)

    def close(self, attempt: Attempt) -> None:
        """Its processes are seen to be gone: the reservation is freed, not a moment earlier."""
        if not self.executor.clean_up(attempt.id):
            return
        self._end_tracked(attempt)
        with self.leader.write() as tx:
            run = store.brief_run(tx, attempt.run_id, lock=True)
            last = store.find_attempt(tx, attempt.id)
            service.close_attempt(tx, attempt, self.clock)
            ledger.release(tx, attempt.id, self.clock.now())
            service.announce(tx, run, "run.freed", self.clock)  # what it held costs no more
            kernels.closed(tx, run, last, self.clock)
        self.executor.forget(attempt.id)
        self._asked.pop(attempt.id, None)
        self._launched.pop(attempt.id, None)
        self._seen_running.pop(attempt.id, None)
        self._seen_kept.pop(attempt.id, None)
        self._held_up.pop(attempt.id, None)

    def _end_tracked(self, attempt: Attempt) -> None:
        """A worker that was killed has not ended its MLflow run. Capacity is not held back until MLflow answers."""
        if attempt.tracking_run is None or attempt.state is RunState.SUCCEEDED:
            return
        ended = TrackedStatus.KILLED if attempt.state is RunState.CANCELLED else TrackedStatus.FAILED
        try:
            self.tracking.of(attempt.project_id).end_run(attempt.tracking_run, ended)
        except GristmillError as error:
            log.warning("MLflow run %s of %s is left open: %s", attempt.tracking_run, attempt.id, error.message)


def _lost_fault(attempt: Attempt, said: str, outside: str | None) -> RunFault:
    """`said` is what the worker wrote last, `outside` what has ended it, where that is known."""
    where = f" in cell {attempt.progress.cell} of {attempt.progress.cells}" if attempt.progress.cells else ""
    if outside is not None:
        hint = "`gristmill runs rerun` starts it once more; where memory was lacking, on a larger profile."
        return RunFault(kind=FaultKind.WORKER_LOST, message=f"the worker was ended{where}: {outside}", hint=hint)
    message = f"the worker process ended{where} without a last word"
    return RunFault(
        kind=FaultKind.WORKER_LOST,
        message=f"{message}: {said.strip()[-1000:]}" if said.strip() else message,
        hint="It was killed, by a person or for lack of memory. `gristmill runs rerun` starts it once more.",
    )
