"""Which queued runs may begin: by priority, then age, as far as the machine has room."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from gristmill.core.clock import Clock
from gristmill.core.database import Database, Tx
from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError
from gristmill.core.ids import new_id
from gristmill.core.lease import Leadership, NotLeaderError
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, Profile, ProfileUse
from gristmill.profiles.service import resolve
from gristmill.runs import service, store
from gristmill.runs.model import Attempt, FaultKind, Run, RunFault, RunState

AT_ONCE = 100


@dataclass
class Admission:
    """Gives queued runs their reservation and attempt."""

    db: Database
    leader: Leadership
    catalogue: Catalogue
    clock: Clock
    admitted: set[str] = field(default_factory=set, init=False)  # attempts made by the last step

    def step(self) -> bool:
        """Admits all that may begin; none overtakes one that waits. True while one waits."""
        self.admitted.clear()
        with self.db.read() as tx:
            queued = store.brief_runs(tx, _queue())
        for place, run in enumerate(queued):
            try:
                if not self._admit(run):
                    self._line_up(run, queued[place + 1 :])
                    return True
            except (NotLeaderError, UnavailableError):  # no fault of the run's
                raise
            except GristmillError as error:
                self._refuse(run, error)
        return False

    def _admit(self, run: Run) -> bool:
        """Whether the run waits no longer."""
        waiting = self._must_wait(run)
        if waiting is not None and waiting == run.waiting:
            return False
        with self.leader.write() as tx:
            current = store.brief_run(tx, run.id, lock=True)
            if current.state is not RunState.QUEUED:
                return True
            attempt = self._next_attempt(current, store.last_number(tx, run.id) + 1)
            waiting = self._reserve(tx, current, attempt)
            if waiting is not None:
                self._tell(tx, current, waiting)
                return False
            if attempt.number > 1:
                store.clear_metrics(tx, run.id)
            store.insert_attempt(tx, attempt)
            service.set_state(tx, current, RunState.STARTING, self.clock, waiting=None, fault=None, models=[])
        self.admitted.add(attempt.id)
        return True

    def _must_wait(self, run: Run) -> str | None:
        """Why the run waits, asked without writing: it is asked at every turn."""
        profile = self._profile(run)
        fits = profile.resources.fits_in(self.catalogue.capacity)
        with self.db.read() as tx:
            waiting = ledger.waits(tx, profile, self.catalogue)
            if (fits and waiting is None) or store.starts_anyway(tx, run.id):
                return None
        if not fits:
            raise InvalidInputError(f"profile {profile.name!r} asks for more than this machine has in all")
        return waiting

    def _reserve(self, tx: Tx, run: Run, attempt: Attempt) -> str | None:
        return ledger.reserve(
            tx,
            holder=attempt.id,
            project_id=run.project_id,
            subjects=[f"project:{run.project_id}", f"person:{run.created_by}", f"run:{run.name}"],
            profile=self._profile(run),
            catalogue=self.catalogue,
            now=attempt.created_at,
            anyway=store.starts_anyway(tx, run.id),
        )

    def _next_attempt(self, run: Run, number: int) -> Attempt:
        now = self.clock.now()
        return Attempt(
            id=new_id("attempt", now),
            project_id=run.project_id,
            run_id=run.id,
            number=number,
            state=RunState.STARTING,
            created_at=now,
        )

    def _line_up(self, first: Run, behind: Sequence[Run]) -> None:
        """Who stands behind a run that waits says so."""
        why = f"waiting behind {first.name}"
        if changed := [run for run in behind if run.waiting != why]:
            with self.leader.write() as tx:
                queued = store.runs.c.state == RunState.QUEUED.value
                for run in store.lock_runs(tx, queued, store.runs.c.id.in_([run.id for run in changed])):
                    self._tell(tx, run, why)

    def _tell(self, tx: Tx, run: Run, waiting: str) -> None:
        if run.waiting != waiting:
            store.update_run(tx, run.id, waiting=waiting)
            service.announce(tx, run, "run.waiting", self.clock, {"waiting": waiting})

    def _refuse(self, run: Run, error: GristmillError) -> None:
        """What was valid when the run was made is so no more: its profile is gone, or larger than the machine."""
        fault = RunFault(kind=FaultKind.LAUNCH, message=error.message, hint=error.hint)
        with self.leader.write() as tx:
            current = store.get_run(tx, run.id, lock=True)
            if current.state is RunState.QUEUED:
                service.finish(tx, current, RunState.FAILED, self.clock, fault)

    def _profile(self, run: Run) -> Profile:
        return resolve(self.catalogue, run.profile, ProfileUse.RUN)


def _queue() -> sa.Select[tuple[object, ...]]:
    table = store.runs
    query = sa.select(table).where(table.c.state == RunState.QUEUED.value)
    return query.order_by(table.c.priority.desc(), table.c.number).limit(AT_ONCE)
