"""What workers tell is kept, and stays bounded."""

import math

import pytest

from gristmill.core.database import Database
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.utilisation import service, store
from gristmill.utilisation.model import MAX_POINTS, Sizing, Utilisation, UtilisationPoint

GB = 10**9
SMALL = Profile(name="small", resources=Resources(cpu=1, memory=4 * GB))
MEDIUM = Profile(name="medium", resources=Resources(cpu=2, memory=16 * GB))
CATALOGUE = Catalogue(profiles=(SMALL, MEDIUM), capacity=Resources(cpu=2, memory=16 * GB), source="test")


def points(first: int, count: int, memory: int = GB, cpu: float = 0.5) -> list[UtilisationPoint]:
    return [
        UtilisationPoint(at=at, seconds=1, cpu=cpu, cpu_peak=cpu, memory=memory, memory_peak=memory)
        for at in range(first, first + count)
    ]


def take(db: Database, given: list[UtilisationPoint]) -> None:
    with db.write() as tx:
        service.take(tx, project_id=DEFAULT_PROJECT, attempt="attempt_1", points=given)


def described(db: Database, *, over: bool = True, profile: str = "medium") -> Utilisation:
    with db.read() as tx:
        return service.describe(
            tx,
            CATALOGUE,
            run="run_1",
            attempt="attempt_1",
            profile=profile,
            over=over,
            succeeded=True,
            out_of_memory=False,
        )


def test_points_come_back_in_their_order_with_what_they_say(db: Database) -> None:
    take(db, points(0, 60))
    take(db, points(60, 60, memory=3 * GB))
    found = described(db)
    assert [point.at for point in found.points] == list(range(120))
    assert (found.seconds, found.busy, found.memory_peak, found.gpu_peak) == (120, 0.5, 3 * GB, None)
    assert found.advice is not None
    assert (found.advice.sizing, found.advice.profile) == (Sizing.SMALLER, "small")


def test_advice_comes_with_the_end(db: Database) -> None:
    take(db, points(0, 120))
    assert described(db, over=False).advice is None


def test_of_a_profile_that_is_gone_nothing_is_advised(db: Database) -> None:
    take(db, points(0, 120))
    found = described(db, profile="gone")
    assert (found.given, found.advice) == (None, None)


def test_a_run_that_told_nothing_used_nothing_that_is_known(db: Database) -> None:
    found = described(db)
    assert (found.points, found.advice, found.memory_peak) == ((), None, 0)


def test_a_series_stays_bounded_and_keeps_its_peak(db: Database) -> None:
    take(db, points(0, 1, memory=9 * GB))
    for first in range(1, 5 * MAX_POINTS, 500):
        take(db, points(first, 500))
    found = described(db)
    assert MAX_POINTS / 2 <= len(found.points) <= MAX_POINTS
    assert (found.seconds, found.memory_peak) == (1 + 5 * MAX_POINTS, 9 * GB)


def test_what_no_worker_of_ours_sends_is_refused(db: Database) -> None:
    for wrong in (points(0, 501), points(0, 1, cpu=math.inf), points(0, 1, memory=-1)):
        with pytest.raises(ValueError, match="points"):
            take(db, wrong)


def test_a_deleted_attempt_leaves_nothing(db: Database) -> None:
    take(db, points(0, 3))
    with db.write() as tx:
        service.forget(tx, ["attempt_1"])
        assert store.load(tx, "attempt_1") == ()
