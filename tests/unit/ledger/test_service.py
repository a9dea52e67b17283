from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from gristmill.core.database import Database
from gristmill.core.errors import GristmillError
from gristmill.ledger import service, store
from gristmill.profiles.model import Catalogue, Profile, Resources
from tests.unit.conftest import TestClock

GB = 2**30
SMALL = Profile(name="small", resources=Resources(cpu=1, memory=2 * GB), rate_per_hour=0.5)
GPU = Profile(name="gpu", resources=Resources(cpu=1, memory=2 * GB, accelerators=1))
CATALOGUE = Catalogue(profiles=(SMALL, GPU), capacity=Resources(cpu=2, memory=8 * GB, accelerators=1), source="test")


def reserve(
    db: Database, clock: TestClock, holder: str, profile: Profile = SMALL, *, anyway: bool = False
) -> str | None:
    with db.write() as tx:
        return service.reserve(
            tx,
            holder=holder,
            project_id="default",
            subjects=["project:default"],
            profile=profile,
            catalogue=CATALOGUE,
            now=clock.now(),
            anyway=anyway,
        )


def test_what_fits_is_admitted_and_what_does_not_is_told_what_lacks(db: Database, clock: TestClock) -> None:
    assert reserve(db, clock, "a") is None
    assert reserve(db, clock, "b") is None
    assert reserve(db, clock, "c") == "waiting for 1 core (0 free): 2 others hold the rest"
    assert reserve(db, clock, "c", anyway=True) is None


def test_reserving_again_for_the_same_holder_takes_nothing_more(db: Database, clock: TestClock) -> None:
    for _ in range(3):
        assert reserve(db, clock, "a") is None
    with db.read() as tx:
        assert [one.resources for one in store.unreleased(tx)] == [SMALL.resources]


def test_a_release_frees_capacity_and_keeps_the_interval(db: Database, clock: TestClock) -> None:
    reserve(db, clock, "a", GPU)
    assert (reserve(db, clock, "b", GPU) or "").startswith("waiting for 1 accelerator (0 free)")
    with db.write() as tx:
        service.activate(tx, "a", clock.now())
    clock.advance(1800)
    with db.write() as tx:
        service.release(tx, "a", clock.now())
        service.release(tx, "a", clock.now().replace(year=2030))
        (interval,) = store.of_project(tx, "default")
    assert interval.released_at == clock.now()
    assert reserve(db, clock, "b", GPU) is None


def test_the_ledger_is_hours_times_rate_of_what_was_active(db: Database, clock: TestClock) -> None:
    reserve(db, clock, "a")
    reserve(db, clock, "waits")
    with db.write() as tx:
        service.activate(tx, "a", clock.now())
    clock.advance(7200)
    with db.read() as tx:
        (usage,) = service.usage(tx, "default", clock.now())
    assert (usage.profile, usage.hours, usage.cost, usage.reservations) == ("small", 2.0, 1.0, 1)


def test_a_clock_that_is_set_back_makes_nothing_cost_less_than_nothing(db: Database, clock: TestClock) -> None:
    reserve(db, clock, "a")
    reserve(db, clock, "b")
    with db.write() as tx:
        service.activate(tx, "a", clock.now())
        service.activate(tx, "b", clock.now())
        clock.time -= timedelta(hours=1)
        service.release(tx, "b", clock.now())
    with db.read() as tx:
        (usage,) = service.usage(tx, "default", clock.now())
        assert (usage.hours, usage.cost, service.cost(tx, ["a", "b"], clock.now())) == (0.0, 0.0, 0.0)


def test_profiles_show_what_is_free(db: Database, clock: TestClock) -> None:
    reserve(db, clock, "a")
    with db.read() as tx:
        small, gpu = service.status(tx, CATALOGUE)
    assert (small.in_use, small.free_slots) == (1, 1)
    assert (gpu.in_use, gpu.free_slots) == (0, 1)


@pytest.mark.parametrize(
    ("free", "expected"),
    [(Resources(cpu=-1), 0), (Resources(cpu=2.5, memory=GB), 0), (Resources(cpu=9, memory=5 * GB), 2)],
)
def test_slots_are_bounded_by_the_scarcest(free: Resources, expected: int) -> None:
    assert service.slots(replace(SMALL.resources), free) == expected


def test_a_holder_that_changes_its_profile_ends_one_interval_and_begins_another(db: Database, clock: TestClock) -> None:
    reserve(db, clock, "a")
    with db.write() as tx:
        service.activate(tx, "a", clock.now())
    clock.advance(3600)
    assert reserve(db, clock, "a", GPU) is None
    clock.advance(1800)
    with db.write() as tx:
        small, gpu = store.of_project(tx, "default")
        assert small.released_at == gpu.requested_at == gpu.active_at
        assert [one.resources for one in store.unreleased(tx)] == [GPU.resources]
        usage = {one.profile: one.hours for one in service.usage(tx, "default", clock.now())}
        service.release(tx, "a", clock.now())
        assert store.held_of(tx, "a") is None
    assert usage == {"small": 1.0, "gpu": 0.5}


def test_what_a_holder_would_give_back_counts_as_free(db: Database, clock: TestClock) -> None:
    whole = replace(SMALL, name="whole", resources=Resources(cpu=2, memory=2 * GB))
    reserve(db, clock, "a")
    assert reserve(db, clock, "a", whole) is None
    with db.read() as tx:
        assert [one.resources for one in store.unreleased(tx)] == [whole.resources]


def test_a_holder_that_waits_for_another_profile_keeps_what_it_has(db: Database, clock: TestClock) -> None:
    whole = replace(SMALL, name="whole", resources=Resources(cpu=2, memory=2 * GB))
    reserve(db, clock, "a")
    reserve(db, clock, "b")
    assert (reserve(db, clock, "a", whole) or "").startswith("waiting for 2 cores (1 free)")
    with db.read() as tx:
        assert service.profiles_held(tx) == {"a": "small", "b": "small"}
        assert service.waits_to_hold(tx, "a", SMALL, CATALOGUE) is None
        assert service.waits_to_hold(tx, "a", whole, CATALOGUE) is not None


def test_nobody_holds_two_at_a_time(db: Database, clock: TestClock) -> None:
    reserve(db, clock, "a")
    with db.read() as tx:
        held = store.held_of(tx, "a")
    assert held is not None
    with pytest.raises((sa.exc.IntegrityError, GristmillError)), db.write() as tx:
        store.insert(tx, replace(held, id="res_2"))
