import pytest

from gristmill.core.database import Database
from gristmill.core.lease import Leadership, NotLeaderError
from tests.unit.conftest import TestClock


def test_one_of_two_leads_and_the_other_takes_over_after_its_patience(db: Database, clock: TestClock) -> None:
    first, second = (Leadership(db, clock, name, patience=10) for name in ("first", "second"))
    assert first.renew()
    assert not second.renew()
    clock.advance(9)
    assert first.renew()
    assert not second.renew()
    clock.advance(11)
    assert second.renew()
    assert not first.renew()


def test_a_leader_that_was_deposed_writes_nothing(db: Database, clock: TestClock) -> None:
    first, second = (Leadership(db, clock, name) for name in ("first", "second"))
    first.renew()
    second.take_over()
    with pytest.raises(NotLeaderError), first.write():
        pytest.fail("a deposed leader got a transaction")
    assert not first.leading
    with second.write():
        pass


def test_the_wall_clock_decides_nothing(db: Database, clock: TestClock) -> None:
    """A day's jump of the wall clock alone moves no leadership."""
    first, second = (Leadership(db, clock, name) for name in ("first", "second"))
    first.renew()
    second.renew()
    clock.time = clock.time.replace(year=2030)
    assert not second.renew()
    assert first.renew()
