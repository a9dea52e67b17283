"""What an executor is told of an attempt that it is to start."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gristmill.core.database import Database
from gristmill.core.lease import Leadership
from gristmill.core.scopes import Actor
from gristmill.data_roots.model import DataBinding
from gristmill.profiles.model import Catalogue
from gristmill.runs import store
from gristmill.runs.launching import Launcher
from gristmill.runs.model import Attempt, Run
from tests.unit.conftest import TestClock
from tests.unit.runs.launching import NotingExecutor
from tests.unit.runs.test_environments import LOCKED
from tests.unit.runs.tracking import AwayTracking

DATA = DataBinding(name="customers", source="https://example.org/customers.csv", at="data/customers.csv")


@pytest.mark.parametrize(
    ("fields", "uses_cache"),
    [({}, False), ({"environment": LOCKED}, True), ({"data": (DATA,)}, True)],
    ids=["neither", "environment", "data"],
)
def test_a_run_with_an_environment_or_data_uses_what_runs_before_it_kept(
    *,
    db: Database,
    clock: TestClock,
    catalogue: Catalogue,
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
    fields: dict[str, Any],
    uses_cache: bool,
) -> None:
    run = create()
    attempt, _ = begin(run)
    with db.read() as tx:
        tracked = store.find_attempt(tx, attempt.id)
    assert tracked is not None
    leader = Leadership(db, clock, "server_1")
    leader.take_over()
    executor = NotingExecutor()
    launcher = Launcher(leader, executor, AwayTracking(), catalogue, clock, "http://127.0.0.1:1")  # type: ignore[arg-type]  # it launches
    launcher.launch(replace(run, **fields), tracked)
    (order,) = executor.launched
    assert (order.attempt, order.profile.name, order.uses_cache) == (attempt.id, "small", uses_cache)
