"""One step of the control loop over runs: what should be (rows) is held against what is (workers), and acted upon.

Level-triggered: each step looks at everything that is open and does what is due now. Doing it again is harmless, and
whoever takes over after a crash goes on from the rows.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa

from gristmill.core import events, tokens
from gristmill.core.blobs import BlobStore, grant, remember
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError
from gristmill.core.ids import new_id
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.core.scopes import WORKER_SCOPES, ActorKind
from gristmill.core.settings import Settings
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, Profile, ProfileUse
from gristmill.profiles.service import resolve
from gristmill.runs import attempts as protocol
from gristmill.runs import service, store
from gristmill.runs.executors.base import Executor, Launch, Presence
from gristmill.runs.model import Attempt, FaultKind, Run, RunFault, RunState
from gristmill.tracking.model import TrackedStatus

log = logging.getLogger(__name__)

MAX_LAUNCHES = 3


class Tracking(Protocol):
    """What a run needs of MLflow before its worker starts."""

    def ensure_experiment(self, name: str) -> str: ...

    def find_or_create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str: ...

    def end_run(self, run_id: str, status: TrackedStatus) -> None: ...


@dataclass
class RunsReconciler:
    """`url` is the control plane's own, as workers reach it."""

    db: Database
    leader: Leadership
    executor: Executor
    blobs: BlobStore
    tracking: Tracking
    catalogue: Catalogue
    settings: Settings
    clock: Clock
    url: str
    # When this process asked a worker to stop, on its monotonic clock: after a restart the grace begins anew.
    _asked: dict[str, float] = field(default_factory=dict)
    _launched: dict[str, float] = field(default_factory=dict)

    def step(self) -> bool:
        """Does what is due; whether something is queued or lives."""
        waiting = self._admit()
        with self.db.read() as tx:
            open_attempts = service.open_attempts(tx)
        for attempt in open_attempts:
            try:
                self._advance(attempt)
            except NotLeaderError:
                raise
            except UnavailableError as error:
                self._wait(attempt, error.message)
            except Exception as error:  # one attempt's fault must not stop the others; it is logged whole
                log.exception("attempt %s", attempt.id)
                self._wait(attempt, str(error))
        return waiting or bool(open_attempts)

    def _admit(self) -> bool:
        """Queued runs get a reservation and an attempt, by priority, then age; none overtakes one that waits.

        True while one waits.
        """
        table = store.runs
        query = sa.select(table).where(table.c.state == RunState.QUEUED.value)
        query = query.order_by(table.c.priority.desc(), table.c.number).limit(100)
        with self.db.read() as tx:
            queued = store.load_runs(tx, query)
        for place, run in enumerate(queued):
            try:
                if not self._admit_one(run):
                    self._line_up(run, queued[place + 1 :])
                    return True
            except NotLeaderError:
                raise
            except GristmillError as error:
                self._refuse(run, error)
        return False

    def _line_up(self, first: Run, behind: Sequence[Run]) -> None:
        """Who stands behind a run that waits says so."""
        why = f"waiting behind {first.name}"
        if changed := [run for run in behind if run.waiting != why]:
            with self.leader.write() as tx:
                for run in changed:
                    store.update_run(tx, run.id, waiting=why)
                    service.announce(tx, run, "run.waiting", self.clock, {"waiting": why})

    def _refuse(self, run: Run, error: GristmillError) -> None:
        """What was valid when the run was made is so no more: its profile is gone, or larger than the machine."""
        fault = RunFault(kind=FaultKind.LAUNCH, message=error.message, hint=error.hint)
        with self.leader.write() as tx:
            current = store.get_run(tx, run.id)
            if current.state is RunState.QUEUED:
                service.finish(tx, current, RunState.FAILED, self.clock, fault)

    def _must_wait(self, run: Run) -> str | None:
        """Why the run waits, asked without writing: it is asked at every turn."""
        profile = self._profile(run)
        with self.db.read() as tx:
            if tx.scalar(sa.select(store.runs.c.start_anyway).where(store.runs.c.id == run.id)):
                return None
            if not profile.resources.fits_in(self.catalogue.capacity):
                raise InvalidInputError(f"profile {profile.name!r} asks for more than this machine has in all")
            return ledger.waits(tx, profile, self.catalogue)

    def _admit_one(self, run: Run) -> bool:
        waiting = self._must_wait(run)
        if waiting is not None and waiting == run.waiting:
            return False
        with self.leader.write() as tx:
            run = store.get_run(tx, run.id)
            if run.state is not RunState.QUEUED:
                return True
            now = self.clock.now()
            number = run.attempt.number + 1 if run.attempt else 1
            anyway = tx.scalar(sa.select(store.runs.c.start_anyway).where(store.runs.c.id == run.id))
            attempt = Attempt(
                id=new_id("attempt", now),
                project_id=run.project_id,
                run_id=run.id,
                number=number,
                state=RunState.STARTING,
                created_at=now,
            )
            waiting = ledger.reserve(
                tx,
                holder=attempt.id,
                project_id=run.project_id,
                subjects=[f"project:{run.project_id}", f"person:{run.created_by}", f"run:{run.name}"],
                profile=self._profile(run),
                catalogue=self.catalogue,
                now=now,
                anyway=bool(anyway),
            )
            if waiting is not None:
                if run.waiting != waiting:
                    store.update_run(tx, run.id, waiting=waiting)
                    service.announce(tx, run, "run.waiting", self.clock, {"waiting": waiting})
                return False
            if number > 1:
                store.clear_metrics(tx, run.id)
            store.insert_attempt(tx, attempt)
            store.update_run(tx, run.id, waiting=None, fault=None, models=[])
            service.set_state(tx, run, RunState.STARTING, self.clock)
        return True

    def _advance(self, attempt: Attempt) -> None:
        with self.db.read() as tx:
            run = store.get_run(tx, attempt.run_id)
        presence = self.executor.observe(attempt.id)
        if presence is Presence.ALIVE:
            self._watch(run, attempt)
        elif attempt.state.final:
            self._close(attempt)
        elif presence is Presence.GONE and attempt.claimed_at is not None:
            self._lost(run, attempt)
        elif run.cancel_requested:
            self._end(run, attempt, RunState.CANCELLED)
        elif self._launches(attempt) >= MAX_LAUNCHES:
            self._end(run, attempt, RunState.FAILED, self._launch_fault(attempt))
        else:
            self._launch(run, attempt)

    def _launch(self, run: Run, attempt: Attempt) -> None:
        """MLflow's run first, then the worker; each is found again if it was made before."""
        tracking_run = attempt.tracking_run
        if tracking_run is None:
            experiment = self.tracking.ensure_experiment(f"{run.project_id}/{run.notebook}")
            tags = {
                "gristmill.run": run.id,
                "gristmill.notebook": run.notebook,
                "mlflow.source.name": run.notebook,
                "mlflow.source.type": "NOTEBOOK",
                "mlflow.user": run.created_by,
            }
            tracking_run = self.tracking.find_or_create_run(attempt.id, experiment, run.name, tags)
            with self.leader.write() as tx:
                store.update_attempt(
                    tx, attempt.id, tracking_run=tracking_run, tracking_experiment=experiment, waiting=None
                )
        with self.leader.write() as tx:
            token = tokens.issue(
                tx,
                project_id=run.project_id,
                kind=ActorKind.WORKER,
                name=f"worker of {run.name}",
                scopes=WORKER_SCOPES,
                now=self.clock.now(),
                subject=attempt.id,
            )
            store.update_attempt(
                tx, attempt.id, launches=store.attempts.c.launches + 1, launched_at=self.clock.now(), waiting=None
            )
        self._launched[attempt.id] = self.clock.monotonic()
        self._asked.pop(attempt.id, None)  # whatever was asked, it was another process
        self.executor.launch(Launch(attempt=attempt.id, url=self.url, token=token, profile=self._profile(run)))

    def _watch(self, run: Run, attempt: Attempt) -> None:
        """The worker lives: it is asked to stop where that is wanted, and ended when it does not."""
        now = self.clock.monotonic()
        since = self._launched.setdefault(attempt.id, now)
        unclaimed = attempt.claimed_at is None and now - since > self.settings.launch_timeout
        overdue = (
            attempt.started_at is not None
            and run.timeout_s is not None
            and (self.clock.now() - attempt.started_at).total_seconds() > run.timeout_s + self.settings.cancel_grace
        )
        if not (run.cancel_requested or attempt.state.final or overdue or unclaimed):
            return
        asked = self._asked.get(attempt.id)
        if asked is None:
            self._asked[attempt.id] = now
            if not attempt.state.final:  # one that reported its end is about to go by itself
                self.executor.cancel(attempt.id)
        elif now - asked > self.settings.cancel_grace:
            if overdue and not attempt.state.final:
                message = f"the run took longer than its timeout of {run.timeout_s:g} s and did not stop when asked"
                self._end(run, attempt, RunState.FAILED, RunFault(kind=FaultKind.TIMEOUT, message=message))
            self.executor.kill(attempt.id)

    def _lost(self, run: Run, attempt: Attempt) -> None:
        """The worker is gone: what it wrote down and could not deliver is taken; without a last word it was lost."""
        with self.db.read() as tx:
            last = events.last_of_attempt(tx, attempt.id)
        rest = self.executor.undelivered(attempt.id, last)
        sizes = self._take_blobs(attempt)
        said = self.executor.log_tail(attempt.id)
        try:
            with self.leader.write() as tx:
                for digest, size in sizes.items():
                    remember(tx, project_id=run.project_id, digest=digest, size=size, now=self.clock.now())
                grant(tx, project_id=run.project_id, subject=attempt.id, digests=sizes)
                protocol.take(tx, run, attempt, rest, self.clock)
        except NotLeaderError:
            raise
        except GristmillError as error:
            log.exception("the journal of %s cannot be taken", attempt.id)
            said = f"{error.message}\n{said}"
        with self.db.read() as tx:
            current = store.find_attempt(tx, attempt.id)
        if current is None or current.state.final:
            return
        if run.cancel_requested:
            self._end(run, current, RunState.CANCELLED)
        else:
            self._end(run, current, RunState.FAILED, _lost_fault(current, said))

    def _take_blobs(self, attempt: Attempt) -> dict[str, int]:
        """Digest and size of the blobs that a worker which is gone had kept; they are stored now."""
        sizes = {}
        for digest, chunks in self.executor.undelivered_blobs(attempt.id):
            try:
                sizes[digest] = self.blobs.put(digest, chunks)
            except InvalidInputError as error:
                log.warning("a blob of %s is left out: %s", attempt.id, error.message)
        return sizes

    def _end(self, run: Run, attempt: Attempt, state: RunState, fault: RunFault | None = None) -> None:
        with self.leader.write() as tx:
            current, run = store.find_attempt(tx, attempt.id), store.get_run(tx, run.id)
            if current is not None and not current.state.final:
                service.end_attempt(tx, run, current, state, self.clock, fault)

    def _close(self, attempt: Attempt) -> None:
        """Its processes are seen to be gone: the reservation is freed, not a moment earlier."""
        if not self.executor.clean_up(attempt.id):
            return
        self._end_tracked(attempt)
        with self.leader.write() as tx:
            service.close_attempt(tx, attempt, self.clock)
            ledger.release(tx, attempt.id, self.clock.now())
        self.executor.forget(attempt.id)
        self._asked.pop(attempt.id, None)
        self._launched.pop(attempt.id, None)

    def _end_tracked(self, attempt: Attempt) -> None:
        """A worker that was killed has not ended its MLflow run. Capacity is not held back until MLflow answers."""
        if attempt.tracking_run is None or attempt.state is RunState.SUCCEEDED:
            return
        ended = TrackedStatus.KILLED if attempt.state is RunState.CANCELLED else TrackedStatus.FAILED
        try:
            self.tracking.end_run(attempt.tracking_run, ended)
        except GristmillError as error:
            log.warning("MLflow run %s of %s is left open: %s", attempt.tracking_run, attempt.id, error.message)

    def _wait(self, attempt: Attempt, why: str) -> None:
        if attempt.waiting != why:
            with self.leader.write() as tx:
                store.update_attempt(tx, attempt.id, waiting=why)
                run = store.get_run(tx, attempt.run_id)
                service.announce(tx, run, "run.waiting", self.clock, {"waiting": why})

    def _launches(self, attempt: Attempt) -> int:
        with self.db.read() as tx:
            return tx.scalar(sa.select(store.attempts.c.launches).where(store.attempts.c.id == attempt.id)) or 0

    def _launch_fault(self, attempt: Attempt) -> RunFault:
        said = self.executor.log_tail(attempt.id).strip()
        message = f"the worker ended {MAX_LAUNCHES} times before it could begin"
        return RunFault(kind=FaultKind.LAUNCH, message=f"{message}: {said}" if said else message)

    def _profile(self, run: Run) -> Profile:
        return resolve(self.catalogue, run.profile, ProfileUse.RUN)


def _lost_fault(attempt: Attempt, said: str) -> RunFault:
    where = f" in cell {attempt.progress.cell} of {attempt.progress.cells}" if attempt.progress.cells else ""
    message = f"the worker process ended{where} without a last word"
    return RunFault(
        kind=FaultKind.WORKER_LOST,
        message=f"{message}: {said.strip()[-1000:]}" if said.strip() else message,
        hint="It was killed, by a person or for lack of memory. `gristmill runs rerun` starts it once more.",
    )
