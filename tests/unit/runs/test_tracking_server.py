"""Runs know by which MLflow server they are tracked."""

from collections.abc import Callable
from typing import Self

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError
from gristmill.core.lease import Leadership
from gristmill.core.scopes import Actor
from gristmill.profiles.model import Catalogue
from gristmill.runs import service, store
from gristmill.runs.launching import Launcher
from gristmill.runs.model import Attempt, Run, RunState
from gristmill.tracking.model import TrackedStatus
from tests.unit.conftest import TestClock
from tests.unit.runs.launching import NotingExecutor

SERVER = "https://mlflow.example.org"


class Tracking:
    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, _name: str) -> str:
        return "7"

    def find_or_create_run(self, _attempt: str, _experiment: str, _name: str, _tags: dict[str, str]) -> str:
        return "r" * 32

    create_run = find_or_create_run

    def end_run(self, _run: str, _status: TrackedStatus) -> None: ...


@pytest.fixture
def attempt(
    db: Database,
    clock: TestClock,
    catalogue: Catalogue,
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
) -> Attempt:
    """Launched while the control plane was set to `SERVER`."""
    run = create()
    made, _ = begin(run)
    leader = Leadership(db, clock, "server_1")
    leader.take_over()
    launcher = Launcher(leader, NotingExecutor(), Tracking(), catalogue, clock, "http://127.0.0.1:1")  # type: ignore[arg-type]  # it launches
    launcher.tracking_server = SERVER
    with db.read() as tx:
        run = store.get_run(tx, run.id)
    launcher.launch(run, made)
    with db.read() as tx:
        found = store.find_attempt(tx, made.id)
    assert found is not None
    return found


def test_an_attempt_remembers_its_server(attempt: Attempt) -> None:
    assert (attempt.tracking_run, attempt.tracking_server) == ("r" * 32, SERVER)


def test_what_is_under_way_is_not_left_to_another_server(db: Database, clock: TestClock, attempt: Attempt) -> None:
    with db.read() as tx:
        service.check_tracked_by(tx, SERVER)
        with pytest.raises(ConflictError, match=SERVER) as caught:
            service.check_tracked_by(tx, None)
        assert f"GRISTMILL_MLFLOW_URL={SERVER}" in (caught.value.hint or "")
        with pytest.raises(ConflictError, match="1 run"):
            service.check_tracked_by(tx, "https://another.example.org")
    with db.write() as tx:
        service.end_attempt(tx, store.get_run(tx, attempt.run_id), attempt, RunState.CANCELLED, clock)
        service.close_attempt(tx, attempt, clock)
    with db.read() as tx:
        service.check_tracked_by(tx, None)
