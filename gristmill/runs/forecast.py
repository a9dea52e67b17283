"""What a run of a notebook may expect: when it would begin on each profile, and how the last one like it went there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gristmill.core.database import Tx
from gristmill.core.scopes import Actor, Scope
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.runs import store
from gristmill.runs.model import RunForecast, RunState
from gristmill.snapshots import service as snapshots

_LOOKED_AT = 200  # runs of one notebook, newest first
_QUEUED = 100


@dataclass(frozen=True, kw_only=True)
class Busy:
    """What is held for `seconds` more; None: nobody knows for how long."""

    resources: Resources
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Last:
    id: str
    name: str
    seconds: float


def of_notebook(
    tx: Tx, actor: Actor, catalogue: Catalogue, *, notebook: str, source: str | None, now: datetime
) -> list[RunForecast]:
    """One for each profile that runs may take. `source` is where the notebook is: others of this name do not count."""
    actor.require(Scope.READ)
    last = _last_by_profile(tx, actor.project_id, notebook, source)
    free = ledger.free_now(tx, catalogue)
    expected = _Expected(tx, actor.project_id)
    held, queue = list(_held(tx, expected, now)), list(_queue(tx, catalogue, expected))
    return [
        _forecast(tx, one, last.get(one.name), expected_wait(one.resources, free, held, queue), catalogue, now)
        for one in catalogue.profiles
        if ProfileUse.RUN in one.uses
    ]


def expected_wait(wanted: Resources, free: Resources, held: Iterable[Busy], queue: Sequence[Busy]) -> float | None:
    """Seconds until `wanted` fits behind everybody in the queue, none of whom is overtaken; None: cannot be told."""
    ending = [(one.seconds, one.resources) for one in held if one.seconds is not None]
    line, time = [*queue, Busy(resources=wanted, seconds=None)], 0.0
    while True:
        while line[0].resources.fits_in(free):
            begun = line.pop(0)
            if not line:
                return time
            free = free - begun.resources
            if begun.seconds is not None:
                ending.append((time + begun.seconds, begun.resources))
        if not ending:
            return None
        first = min(ending, key=lambda one: one[0])
        ending.remove(first)
        time, free = first[0], free + first[1]


def _forecast(
    tx: Tx, profile: Profile, last: Last | None, wait: float | None, catalogue: Catalogue, now: datetime
) -> RunForecast:
    waiting = None if wait == 0 else ledger.waits(tx, profile, catalogue) or "waiting behind runs that are queued"
    if not profile.resources.fits_in(catalogue.capacity):
        waiting = "it asks for more than this machine has in all"
    if last is None:
        return RunForecast(profile=profile.name, wait_s=wait, waiting=waiting)
    attempts = [one.id for one in store.load_attempts(tx, store.attempts.c.run_id == last.id)]
    cost = ledger.cost(tx, attempts, now)
    return RunForecast(
        profile=profile.name, wait_s=wait, waiting=waiting, run=last.name, seconds=last.seconds, cost=cost
    )


def _last_by_profile(tx: Tx, project_id: str, notebook: str, source: str | None = None) -> dict[str, Last]:
    table = store.runs
    query = (
        sa.select(table.c.id, table.c.name, table.c.profile, table.c.snapshot, table.c.started_at, table.c.ended_at)
        .where(
            table.c.project_id == project_id, table.c.notebook == notebook, table.c.state == RunState.SUCCEEDED.value
        )
        .order_by(table.c.number.desc())
        .limit(_LOOKED_AT)
    )
    rows = [row for row in tx.execute(query) if row.started_at is not None and row.ended_at is not None]
    if source is not None:
        taken_from = snapshots.sources(tx, {row.snapshot for row in rows})
        rows = [row for row in rows if taken_from.get(row.snapshot) == source]
    found: dict[str, Last] = {}
    for row in rows:
        seconds = (row.ended_at - row.started_at).total_seconds()
        found.setdefault(row.profile, Last(id=row.id, name=row.name, seconds=seconds))
    return found


class _Expected:
    """How long a run of a notebook takes on a profile, as far as the last ones tell."""

    def __init__(self, tx: Tx, project_id: str) -> None:
        self._tx, self._project_id = tx, project_id
        self._known: dict[str, dict[str, Last]] = {}

    def seconds(self, notebook: str, profile: str) -> float | None:
        if notebook not in self._known:
            self._known[notebook] = _last_by_profile(self._tx, self._project_id, notebook)
        last = self._known[notebook].get(profile)
        return None if last is None else last.seconds


def _held(tx: Tx, expected: _Expected, now: datetime) -> Iterable[Busy]:
    """An endpoint holds what it has for good; a run that takes longer than the last one ends nobody knows when."""
    reservations = ledger.held_now(tx)
    attempts = {
        one.id: one for one in store.load_attempts(tx, store.attempts.c.id.in_([one.holder for one in reservations]))
    }
    run_ids = [one.run_id for one in attempts.values()]
    runs = {row.id: row for row in tx.execute(sa.select(store.runs).where(store.runs.c.id.in_(run_ids)))}
    for one in reservations:
        seconds: float | None = None
        if (attempt := attempts.get(one.holder)) is not None:
            if attempt.kept_kernel is not None:
                seconds = max(0.0, (attempt.kept_kernel.until - now).total_seconds())
            elif (usual := expected.seconds(runs[attempt.run_id].notebook, one.profile)) is not None:
                left = usual - (now - (attempt.started_at or now)).total_seconds()
                seconds = left if left > 0 else None
        yield Busy(resources=one.resources, seconds=seconds)


def _queue(tx: Tx, catalogue: Catalogue, expected: _Expected) -> Iterable[Busy]:
    """As they will be admitted: by priority, then age."""
    table, profiles = store.runs, {one.name: one for one in catalogue.profiles}
    query = sa.select(table.c.notebook, table.c.profile).where(table.c.state == RunState.QUEUED.value)
    for row in tx.execute(query.order_by(table.c.priority.desc(), table.c.number).limit(_QUEUED)):
        if (profile := profiles.get(row.profile)) is not None and profile.resources.fits_in(catalogue.capacity):
            yield Busy(resources=profile.resources, seconds=expected.seconds(row.notebook, row.profile))
