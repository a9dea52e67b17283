"""Runs of a home that was copied while they were under way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gristmill.core import audit
from gristmill.core.database import Database
from gristmill.core.scopes import PERSON_SCOPES, Actor, ActorKind
from gristmill.core.settings import Settings
from gristmill.ledger import service as ledger
from gristmill.ledger import store as ledger_store
from gristmill.profiles.model import Catalogue
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.runs import service as runs
from gristmill.runs.model import Attempt, Run, RunState
from gristmill.server import backup as backups
from gristmill.server.restore import restore
from tests.unit.conftest import TestClock


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    (tmp_path / "home").mkdir()
    return f"sqlite:///{tmp_path}/home/gristmill.db"


def test_runs_under_way_have_failed_and_hold_nothing(
    db: Database,
    tmp_path: Path,
    clock: TestClock,
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
    catalogue: Catalogue,
) -> None:

    home = Settings(home=tmp_path / "home")
    under_way, queued = create(), create()
    attempt, _ = begin(under_way)
    with db.write() as tx:
        profile = catalogue.profiles[0]
        ledger.reserve(
            tx,
            holder=attempt.id,
            project_id=DEFAULT_PROJECT,
            subjects=["x"],
            profile=profile,
            catalogue=catalogue,
            now=clock.now(),
        )
    backups.create(home, tmp_path / "backup", clock)
    new = tmp_path / "new"
    restore(Settings(home=new), tmp_path / "backup", clock)
    copy = Database(f"sqlite:///{new}/gristmill.db")
    actor = Actor(id="a", project_id=DEFAULT_PROJECT, kind=ActorKind.PERSON, name="ada", scopes=PERSON_SCOPES)
    with copy.read() as tx:
        found = runs.find(tx, actor, under_way.id)
        assert found.state is RunState.FAILED
        assert found.fault is not None
        assert "backup" in found.fault.message
        assert runs.find(tx, actor, queued.id).state is RunState.QUEUED
        assert ledger_store.held_of(tx, attempt.id) is None
        assert audit.verify(tx).broken_at is None
    copy.close()
    with db.read() as tx:
        assert runs.find(tx, actor, under_way.id).state is RunState.STARTING, "the home goes on"
