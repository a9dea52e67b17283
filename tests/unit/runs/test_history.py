"""Which metrics a run's history is of."""

from collections.abc import Callable

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError
from gristmill.core.scopes import Actor
from gristmill.runs import store
from gristmill.runs.history import Histories, metric_names
from gristmill.runs.model import Attempt, Metric, Run


class Untouched:
    """Stands for MLflow where it is not to be asked."""


@pytest.fixture
def histories(db: Database) -> Histories:
    return Histories(db=db, tracking=Untouched())  # type: ignore[arg-type]  # stands for the client


def test_reported_metrics_come_first_and_what_mlflow_calls_theirs_is_not_told_twice() -> None:
    reported = {"F1 (macro)": Metric(value=0.5), "auc": Metric(value=0.9, spread=0.1, count=5)}
    logged = ["auc", "auc_count", "auc_std", "F1 _macro_", "loss", "system/cpu"]
    assert metric_names(reported, logged) == ("F1 (macro)", "auc", "loss")


def test_a_run_that_has_not_begun_has_none(histories: Histories, person: Actor, create: Callable[..., Run]) -> None:
    run = create()
    found = histories.of_run(person, run.id, (), 10)
    assert (found.run, found.attempt, found.metrics) == (run.id, None, ())


def test_metrics_that_another_server_keeps_are_said_to_be_there(
    histories: Histories,
    db: Database,
    person: Actor,
    create: Callable[..., Run],
    begin: Callable[[Run], tuple[Attempt, Actor]],
) -> None:
    run = create()
    attempt, _ = begin(run)
    with db.write() as tx:
        store.update_attempt(tx, attempt.id, tracking_run="r" * 32, tracking_server="https://mlflow.example.org")
    with pytest.raises(ConflictError, match=r"https://mlflow\.example\.org") as caught:
        histories.of_run(person, run.id, (), 10)
    assert "GRISTMILL_MLFLOW_URL" in (caught.value.hint or "")
