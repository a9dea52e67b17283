"""What the control loop does about endpoints, with a backend that only pretends."""

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.lease import Leadership
from gristmill.core.pace import Pace
from gristmill.core.scopes import SUPERVISOR_SCOPES, Actor, ActorKind
from gristmill.endpoints import service, store
from gristmill.endpoints.backends.base import TAIL, EndpointBackend, Supervision
from gristmill.endpoints.model import Address, Endpoint, EndpointState, Observed, Variant
from gristmill.endpoints.reconcile import EndpointsReconciler
from gristmill.endpoints.starts import MOST
from gristmill.ledger import service as ledger
from gristmill.ledger import store as reservations
from gristmill.profiles.model import Catalogue, Profile, Resources
from tests.unit.conftest import TestClock

GB = 2**30
SMALL = Profile(name="small", resources=Resources(cpu=0.5, memory=GB), default=True)
LARGE = Profile(name="large", resources=Resources(cpu=2, memory=GB))
CATALOGUE = Catalogue(profiles=(SMALL, LARGE), capacity=Resources(cpu=2, memory=4 * GB), source="test")
SUPERVISOR = Actor(
    id="a", project_id="default", kind=ActorKind.SUPERVISOR, name="s", scopes=SUPERVISOR_SCOPES, subject="endpoint_1"
)


class Pretending(EndpointBackend):
    """Supervisors without processes; `die` ends one."""

    def __init__(self) -> None:
        self.alive: set[str] = set()
        self.started: list[Supervision] = []
        self.log = ""
        self.refuses = False

    def address(self, project: str, name: str | None, taken: Collection[int]) -> Address:
        del project, name
        return Address(port=1 + max(taken, default=0), url="")

    def is_alive(self, endpoint: str) -> bool:
        return endpoint in self.alive

    def start(self, order: Supervision) -> None:
        if self.refuses:
            raise UnavailableError("the endpoint cannot be started: no file handles")
        self.started.append(order)
        self.alive.add(order.id)

    def stop(self, endpoint: str) -> None:
        self.alive.discard(endpoint)

    def clean_up(self, endpoint: str) -> bool:
        return True

    def forget(self, endpoint: str) -> None:
        """There are no files."""

    def log_tail(self, endpoint: str, limit: int = TAIL) -> str:
        return self.log


class Play:
    def __init__(self, db: Database, clock: TestClock) -> None:
        self.db, self.clock, self.backend = db, clock, Pretending()
        self.reconciler = self.make()

    def make(self) -> EndpointsReconciler:
        """A control plane's; a second one stands for its restart."""
        leader = Leadership(self.db, self.clock, "server_1")
        leader.take_over()
        return EndpointsReconciler(
            db=self.db,
            leader=leader,
            backend=self.backend,
            catalogue=CATALOGUE,
            clock=self.clock,
            url="http://127.0.0.1:1",
        )

    def deploy(self, profile: str = "small", *, name: str = "churn", id: str = "endpoint_1") -> None:
        variant = Variant(name="main", model="churn", version="1", artifact_path="1/m", profile=profile)
        with self.db.write() as tx:
            known = store.find(tx, "default", name)
            if known is None:
                store.insert(tx, self._endpoint(variant, name, id))
            else:
                store.update(tx, known.id, generation=known.generation + 1)
                store.replace_variants(tx, replace(known, variants=(variant,)))

    def _endpoint(self, variant: Variant, name: str, id: str) -> Endpoint:
        return Endpoint(
            id=id,
            project_id="default",
            name=name,
            target="dev",
            url="",
            port=int(id.rpartition("_")[2]),
            generation=1,
            open=True,
            state=EndpointState.STARTING,
            variants=(variant,),
            created_by="ada",
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
        )

    @property
    def endpoint(self) -> Endpoint:
        with self.db.read() as tx:
            found = store.find(tx, "default", "churn")
        assert found is not None
        return found

    @property
    def profiles(self) -> dict[str, str]:
        with self.db.read() as tx:
            return ledger.profiles_held(tx)

    def die_again_and_again(self) -> None:
        """Steps through time, each start followed by a quick death, until nothing is started any more."""
        for _ in range(100):
            self.reconciler.step()
            self.backend.alive.clear()
            self.clock.advance(1)


@pytest.fixture
def play(db: Database, clock: TestClock) -> Play:
    return Play(db, clock)


def test_an_endpoint_is_started_once_and_told_where_the_control_plane_is(play: Play) -> None:
    play.deploy()
    assert play.reconciler.step()
    assert not play.reconciler.step(), "it lives: nothing is under way"
    (order,) = play.backend.started
    assert (order.name, order.url) == ("churn", "http://127.0.0.1:1")
    assert play.profiles == {"endpoint_1": "small"}


def test_one_that_keeps_dying_has_failed_after_a_few_tries_and_says_what_its_log_ends_with(play: Play) -> None:
    play.deploy()
    play.backend.log = "Traceback\n  ...\nModuleNotFoundError: No module named 'uvicorn'\n"
    play.die_again_and_again()
    assert len(play.backend.started) == MOST
    seen = play.endpoint.observed
    assert seen is not None
    assert (seen.state, seen.generation, seen.failed_generation) == (EndpointState.FAILED, 1, 1)
    assert "No module named 'uvicorn'" in (seen.message or "")
    assert f"{MOST} times" in (seen.message or "")
    assert "deploy again" in (seen.hint or "")
    assert play.profiles == {}, "it holds no capacity"
    assert not play.reconciler.step(), "nothing is under way"


def test_a_failed_one_is_started_again_by_a_new_generation(play: Play) -> None:
    play.deploy()
    play.die_again_and_again()
    play.deploy()
    assert play.reconciler.step()
    assert len(play.backend.started) == MOST + 1
    assert play.endpoint.observed is None, "what it said of the generation before is true no more"
    assert play.profiles == {"endpoint_1": "small"}


def test_a_failed_one_is_tried_again_by_the_next_control_plane(play: Play) -> None:
    play.deploy()
    play.die_again_and_again()
    play.reconciler = play.make()
    assert play.reconciler.step()
    assert len(play.backend.started) == MOST + 1


def test_deaths_that_are_far_apart_are_forgiven(play: Play) -> None:
    play.deploy()
    for _ in range(3 * MOST):
        assert play.reconciler.step()
        play.backend.alive.clear()
        play.clock.advance(61)
    assert len(play.backend.started) == 3 * MOST


def test_one_that_cannot_even_be_started_fails_too(play: Play) -> None:
    play.deploy()
    play.backend.refuses = True
    play.die_again_and_again()
    assert play.endpoint.state is EndpointState.FAILED


def test_waiting_for_capacity_is_no_try(play: Play) -> None:
    play.deploy("large", name="other", id="endpoint_2")
    play.reconciler.step()
    play.deploy()
    for _ in range(3 * MOST):
        assert not play.reconciler.step(), "a commit wakes the loop when something is freed"
        play.clock.advance(1)
    assert "endpoint other" in (play.endpoint.waiting or "")
    assert play.endpoint.observed is None


def test_a_redeploy_onto_another_profile_ends_one_interval_and_begins_another(play: Play) -> None:
    play.deploy()
    play.reconciler.step()
    play.clock.advance(3600)
    play.deploy("large")
    with play.db.read() as tx:
        assert service.desired(tx, SUPERVISOR, "churn", CATALOGUE).waits, "no capacity yet"
    assert play.reconciler.step()
    assert len(play.backend.started) == 1, "its supervisor goes on"
    with play.db.read() as tx:
        desired = service.desired(tx, SUPERVISOR, "churn", CATALOGUE)
        assert (desired.cpu, desired.waits) == (2, False)
        small, large = reservations.of_project(tx, "default")
    assert (small.profile, large.profile) == ("small", "large")
    assert small.released_at == large.active_at == play.clock.now()
    assert large.released_at is None


def test_a_redeploy_that_does_not_fit_waits_while_the_old_model_serves(play: Play) -> None:
    play.deploy(name="other", id="endpoint_2")
    play.deploy()
    play.reconciler.step()
    play.deploy("large")
    for _ in range(3):
        assert not play.reconciler.step()
    assert "endpoint other" in (play.endpoint.waiting or "")
    assert play.profiles == {"endpoint_1": "small", "endpoint_2": "small"}
    with play.db.read() as tx:
        assert service.desired(tx, SUPERVISOR, "churn", CATALOGUE).waits

    play.backend.alive.discard("endpoint_1")  # its supervisor dies: it comes back with what it served
    play.clock.advance(61)
    assert play.reconciler.step()
    assert play.backend.is_alive("endpoint_1")
    assert play.endpoint.waiting is not None

    with play.db.write() as tx:
        store.update(tx, "endpoint_2", deleting=True)
    until_steady(play.reconciler.step)
    assert play.profiles == {"endpoint_1": "large"}
    assert play.endpoint.waiting is None


def until_steady(step: Callable[[], Pace]) -> None:
    for _ in range(10):
        if not step():
            return
    raise AssertionError("it does not come to rest")


def test_a_waiting_endpoint_is_written_once(play: Play) -> None:
    """What the loop commits wakes it: it would spin."""
    play.deploy("large", name="other", id="endpoint_2")
    play.reconciler.step()
    play.deploy()
    play.reconciler.step()
    commits: list[int] = []
    play.db.on_commit = lambda: commits.append(1)
    play.reconciler.step()
    assert commits == []


def test_what_its_supervisor_says_is_its_state(play: Play) -> None:
    play.deploy()
    play.reconciler.step()
    seen = Observed(generation=1, state=EndpointState.READY)
    with play.db.write() as tx:
        service.observe(tx, SUPERVISOR, "churn", seen, play.clock)
    assert play.endpoint.state is EndpointState.READY
