from datetime import timedelta

import pytest
import sqlalchemy as sa

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import ForbiddenError, UnauthenticatedError
from gristmill.core.scopes import ActorKind, Scope
from gristmill.core.tokens import authenticate, issue, revoke_subject, tokens
from tests.unit.conftest import TestClock

PROJECT = "default"


def test_a_token_speaks_for_its_actor_and_is_stored_hashed(db: Database, clock: Clock) -> None:
    scopes = frozenset({Scope.READ})
    with db.write() as tx:
        token = issue(tx, project_id=PROJECT, kind=ActorKind.PERSON, name="ada", scopes=scopes, now=clock.now())
        actor = authenticate(tx, token, clock.now())
        rows = str(tx.execute(sa.select(tokens)).all())
    assert (actor.name, actor.kind, actor.scopes) == ("ada", ActorKind.PERSON, scopes)
    assert token not in rows


def test_unknown_and_expired_tokens_are_refused_alike(db: Database, clock: TestClock) -> None:
    with db.write() as tx:
        short = issue(
            tx,
            project_id=PROJECT,
            kind=ActorKind.SERVICE,
            name="s",
            scopes=frozenset(),
            now=clock.now(),
            expires_at=clock.now() + timedelta(seconds=60),
        )
        bound = issue(
            tx,
            project_id=PROJECT,
            kind=ActorKind.WORKER,
            name="w",
            scopes=frozenset(),
            now=clock.now(),
            subject="attempt_1",
        )
        authenticate(tx, short, clock.now())
        authenticate(tx, bound, clock.now())
        clock.advance(61)
        revoke_subject(tx, "attempt_1", clock.now())
        messages = set()
        for token in (short, "gm_p_unknown", ""):
            with pytest.raises(UnauthenticatedError) as caught:
                authenticate(tx, token, clock.now())
            messages.add(caught.value.message)
        with pytest.raises(UnauthenticatedError, match="what this token was for is over: w"):
            authenticate(tx, bound, clock.now())  # who holds it had it from here
    assert len(messages) == 1


def test_a_bound_token_speaks_for_its_subject_only(db: Database, clock: Clock) -> None:
    with db.write() as tx:
        token = issue(
            tx,
            project_id=PROJECT,
            kind=ActorKind.WORKER,
            name="w",
            scopes=frozenset({Scope.ATTEMPT}),
            now=clock.now(),
            subject="attempt_1",
        )
        actor = authenticate(tx, token, clock.now())
    actor.require(Scope.ATTEMPT)
    actor.require_subject("attempt_1")
    with pytest.raises(ForbiddenError):
        actor.require_subject("attempt_2")
    with pytest.raises(ForbiddenError, match="runs:write"):
        actor.require(Scope.RUNS_WRITE)
