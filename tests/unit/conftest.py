"""A migrated database per test, and a clock that tests move."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gristmill.core.database import Database
from gristmill.core.scopes import PERSON_SCOPES, Actor, ActorKind
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.projects.store import ensure_default
from gristmill.server.schema import upgrade


class TestClock:
    """Stands still until it is told to go on."""

    __test__ = False

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def db(database_url: str, clock: TestClock) -> Iterator[Database]:
    database = Database(database_url)
    if database.is_sqlite:
        upgrade(database)  # the other is a copy of one that is
    with database.write() as tx:
        ensure_default(tx, clock.now())
    yield database
    database.close()


@pytest.fixture
def person() -> Actor:
    return Actor(
        id="actor_1", project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=frozenset(PERSON_SCOPES)
    )
