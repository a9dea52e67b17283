"""Runs found among others: by their texts, and in the order of a metric; on both databases."""

from collections.abc import Callable

import pytest

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.scopes import Actor
from gristmill.runs import service, store
from gristmill.runs.model import Metric, Run, RunState
from gristmill.runs.search import RunFilter

Create = Callable[..., Run]
Find = Callable[..., list[str]]


@pytest.fixture
def find(db: Database, person: Actor) -> Find:
    def names(**wanted: object) -> list[str]:
        with db.read() as tx:
            return [run.name for run in service.list_runs(tx, person, RunFilter(**wanted))]  # type: ignore[arg-type]

    return names


@pytest.mark.parametrize("text", ["ALPHA", "pha", "al", "%", '"', "team=blü", "work/train", "a\0lpha"])
def test_a_text_is_found_in_name_notebook_and_labels(create: Create, find: Find, text: str) -> None:
    """As it is, whatever its letters mean to a database, and whatever their case."""
    create(name='alpha%"', labels={"team": "BLÜ"})
    create(name="other", labels={})
    expected = ["other", 'alpha%"'] if text == "work/train" else ['alpha%"']
    assert find(text=text) == expected


def test_the_best_by_a_metric_come_first_and_those_without_it_not_at_all(
    create: Create, find: Find, db: Database
) -> None:
    for name, value in (("middle", 0.5), ("best", 0.9), ("worst", 0.1)):
        run = create(name=name, labels={"of": "three"})
        with db.write() as tx:
            store.put_metrics(tx, run, {"auc": Metric(value=value)})
    create(name="without")
    assert find(metric="auc") == ["best", "middle", "worst"]
    assert find(metric="auc", ascending=True, limit=2) == ["worst", "middle"]
    assert find(metric="auc", text="bes") == ["best"]
    assert find(metric="auc", label="of=three", state=RunState.QUEUED) == ["best", "middle", "worst"]
    assert find(metric="loss") == []


def test_a_label_is_its_whole_value(create: Create, find: Find) -> None:
    create(name="short", labels={"team": "blue"})
    create(name="long", labels={"team": "blueish"})
    assert find(label="team=blue") == ["short"]


def test_what_was_deleted_is_not_found(create: Create, find: Find, db: Database, person: Actor, clock: Clock) -> None:
    create(name="gone")
    with db.write() as tx:
        service.cancel(tx, person, "gone", clock)
        service.delete(tx, person, "gone", clock)
    assert find(text="gone") == []
