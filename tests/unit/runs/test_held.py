"""What a run held is what it costs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from gristmill.core.database import Database
from gristmill.core.scopes import Actor
from gristmill.ledger import service as ledger
from gristmill.profiles.model import Catalogue
from gristmill.runs import service
from gristmill.runs.model import Attempt, Run
from tests.unit.conftest import TestClock


def test_what_an_attempt_held_is_told_from_when_it_lived_until_nothing_of_it_did(
    db: Database,
    person: Actor,
    clock: TestClock,
    catalogue: Catalogue,
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
) -> None:
    run = create()
    attempt, _ = begin(run)
    profile = replace(catalogue.profiles[0], rate_per_hour=3.6)
    with db.write() as tx:
        ledger.release(tx, attempt.id, clock.now())
        subjects = {"kind": "run"}
        ledger.reserve(
            tx,
            holder=attempt.id,
            project_id=run.project_id,
            subjects=subjects,
            profile=profile,
            catalogue=catalogue,
            now=clock.now(),
            anyway=True,
        )
        assert service.detail(tx, person, run.id).held == ()  # it is not there yet
        began = clock.now()
        ledger.activate(tx, attempt.id, began)
        (held,) = service.detail(tx, person, run.id).held
        assert (held.attempt, held.rate_per_hour, held.since, held.until) == (attempt.id, 3.6, began, None)
        clock.advance(60)
        ledger.release(tx, attempt.id, clock.now())
        (held,) = service.detail(tx, person, run.id).held
        assert held.until == began + timedelta(seconds=60)
