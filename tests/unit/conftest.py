"""A migrated database per test, and a clock that tests move."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file: to copy it takes a fiftieth of the migrations' time."""
    file = tmp_path_factory.mktemp("template") / "gristmill.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    return file


@pytest.fixture
def db(database_url: str, sqlite_template: Path, clock: TestClock) -> Iterator[Database]:
    database = Database(database_url)
    if database.is_sqlite:  # PostgreSQL's is a copy already
        assert database.url.database
        shutil.copyfile(sqlite_template, database.url.database)
    with database.write() as tx:
        ensure_default(tx, clock.now())
    yield database
    database.close()


@pytest.fixture
def person() -> Actor:
    return Actor(
        id="actor_1", project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=frozenset(PERSON_SCOPES)
    )
