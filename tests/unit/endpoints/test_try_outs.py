"""A model version is tried out by an endpoint's own processes, which are gone as soon as it has an outcome."""

from dataclasses import replace

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, NotFoundError
from gristmill.core.scopes import SUPERVISOR_SCOPES, Actor, ActorKind
from gristmill.endpoints import keys, service, try_outs
from gristmill.endpoints.model import (
    Address,
    Answers,
    DeployRequest,
    EndpointState,
    KeyRequest,
    Observed,
    Phase,
    TryOut,
    TryOutRequest,
    VariantStatus,
)
from gristmill.models.model import ModelVersion
from tests.unit.conftest import TestClock
from tests.unit.endpoints.test_reconcile import CATALOGUE, Play, until_steady


@pytest.fixture
def play(db: Database, clock: TestClock) -> Play:
    return Play(db, clock)


def version(clock: TestClock) -> ModelVersion:
    return ModelVersion(
        project_id="default",
        name="churn",
        version="3",
        source="models:/m-1",
        artifact_path="1/models/m-1/artifacts",
        created_at=clock.now(),
        status="READY",
    )


def begin(play: Play, person: Actor, profile: str | None = None) -> TryOut:
    request = TryOutRequest(model="churn", version="3", profile=profile, answers=Answers.PROBABILITIES)
    with play.db.write() as tx:
        return try_outs.begin(
            tx,
            person,
            request,
            version(play.clock),
            catalogue=CATALOGUE,
            address=Address(port=77, url=""),
            clock=play.clock,
        )


def found(play: Play, person: Actor, identifier: str) -> TryOut:
    with play.db.read() as tx:
        return try_outs.find(tx, person, identifier)


def say(play: Play, tried: TryOut, seen: Observed) -> None:
    """What its supervisor tells."""
    (order,) = play.backend.started
    supervisor = Actor(
        id="a", project_id="default", kind=ActorKind.SUPERVISOR, name="s", scopes=SUPERVISOR_SCOPES, subject=tried.id
    )
    with play.db.write() as tx:
        service.observe(tx, supervisor, order.name, seen, play.clock)


READY = Observed(
    generation=1,
    state=EndpointState.READY,
    variants=(VariantStatus(name="main", model="churn", version="3", answer=[[0.1, 0.9]], answer_ms=1.2),),
)


def test_it_is_started_on_its_profile_and_is_no_endpoint_for_anybody(play: Play, person: Actor) -> None:
    tried = begin(play, person)
    assert play.reconciler.step()
    assert play.profiles == {tried.id: "small"}
    (order,) = play.backend.started
    with play.db.write() as tx:
        assert service.list_endpoints(tx, person) == []
        for refused in (
            lambda: service.find(tx, person, order.name),
            lambda: service.delete(tx, person, order.name, play.clock),
            lambda: keys.issue(tx, person, order.name, KeyRequest(), play.clock),
        ):
            with pytest.raises(NotFoundError):
                refused()
        with pytest.raises(ConflictError, match="a try-out"):
            service.deploy(
                tx,
                person,
                order.name,
                DeployRequest(model="churn", version="3"),
                version(play.clock),
                catalogue=CATALOGUE,
                address=Address(port=78, url=""),
                clock=play.clock,
            )
        supervisor = replace(person, kind=ActorKind.SUPERVISOR, scopes=SUPERVISOR_SCOPES, subject=tried.id)
        desired = service.desired(tx, supervisor, order.name, CATALOGUE)
    assert (desired.open, desired.key_hashes) == (False, ()), "nobody may call it"
    assert desired.variants[0].answers is Answers.PROBABILITIES


def test_its_outcome_stays_when_its_processes_and_its_capacity_are_given_back(play: Play, person: Actor) -> None:
    tried = begin(play, person)
    play.reconciler.step()
    say(play, tried, Observed(generation=1, state=EndpointState.STARTING, phase=Phase.CHECKING))
    assert found(play, person, tried.id).phase is Phase.CHECKING
    say(play, tried, READY)
    until_steady(play.reconciler.step)
    assert not play.backend.alive
    assert play.profiles == {}
    say(play, tried, Observed(generation=1, state=EndpointState.STOPPED))  # its supervisor's last word
    told = found(play, person, tried.id)
    assert (told.state, told.status) == (EndpointState.READY, READY.variants[0])
    assert not play.reconciler.step()
    assert len(play.backend.started) == 1, "it is not started again"


def test_a_model_that_cannot_be_loaded_is_told_with_what_to_do(play: Play, person: Actor) -> None:
    tried = begin(play, person)
    play.reconciler.step()
    say(play, tried, Observed(generation=1, state=EndpointState.FAILED, message="no lightgbm", hint="pip install it"))
    until_steady(play.reconciler.step)
    told = found(play, person, tried.id)
    assert (told.state, told.message, told.hint) == (EndpointState.FAILED, "no lightgbm", "pip install it")
    assert play.profiles == {}


def test_who_ends_it_or_never_asks_again_leaves_nothing_behind(play: Play, person: Actor) -> None:
    ended, left = begin(play, person), None
    play.reconciler.step()
    with play.db.write() as tx:
        try_outs.end(tx, person, ended.id, play.clock)
    with pytest.raises(NotFoundError):
        found(play, person, ended.id)
    until_steady(play.reconciler.step)
    assert not play.backend.alive
    left = begin(play, person)
    play.reconciler.step()
    assert play.backend.alive == {left.id}
    play.clock.advance(try_outs.LIFE.total_seconds())
    until_steady(play.reconciler.step)
    assert (play.backend.alive, play.profiles) == (set(), {})
    with play.db.read() as tx:
        assert service.every_id(tx) == []


def test_it_waits_for_capacity_and_who_waits_for_its_is_told_of_it(play: Play, person: Actor) -> None:
    tried = begin(play, person, "large")
    play.reconciler.step()
    play.deploy()
    play.reconciler.step()
    assert "try-out churn/3" in (play.endpoint.waiting or "")
    assert "endpoints delete" not in (play.endpoint.waiting or "")
    with play.db.write() as tx:
        try_outs.end(tx, person, tried.id, play.clock)
    until_steady(play.reconciler.step)
    assert play.endpoint.waiting is None


def test_what_no_endpoint_could_be_deployed_on_is_refused(play: Play, person: Actor) -> None:
    with pytest.raises(NotFoundError, match="huge"):
        begin(play, person, "huge")
