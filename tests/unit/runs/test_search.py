"""Runs found among others: by their texts, and in the order of a metric; on both databases."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from gristmill.core import audit
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.events import read_after
from gristmill.core.scopes import Actor
from gristmill.runs import search, service, store
from gristmill.runs.model import Metric, Run, RunChange, RunState
from gristmill.runs.query import parse, parse_field
from gristmill.runs.search import RunFilter, Sort
from tests.unit.conftest import TestClock

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


@pytest.fixture
def sought(db: Database, person: Actor) -> Callable[..., list[str]]:
    """Names of the runs that a query finds, in the order of a field."""

    def names(query: str = "", sort: str | None = None, *, descending: bool = True, **wanted: object) -> list[str]:
        order = Sort(by=parse_field(sort), descending=descending) if sort else None
        with db.read() as tx:
            asked = RunFilter(query=parse(query), sort=order, **wanted)  # type: ignore[arg-type]
            return [run.name for run in service.list_runs(tx, person, asked)]

    return names


@pytest.fixture
def three(create: Create, db: Database, person: Actor, clock: TestClock) -> None:
    """`a`, `b` and `c`, in the order in which they were made; `c` was never measured and has succeeded."""
    runs = [
        create(name="a", parameters={"depth": 2, "rate": 0.3}, labels={"stage": "good", "of": "x"}),
        create(name="b", parameters={"depth": 10}, labels={"stage": "bad"}),
        create(name="c", parameters={"depth": 6}, labels={}),
    ]
    with db.write() as tx:
        store.put_metrics(tx, runs[0], {"auc": Metric(value=0.7), "val loss": Metric(value=0.2)})
        store.put_metrics(tx, runs[1], {"auc": Metric(value=0.9)})
        service.cancel(tx, person, "b", clock)
        store.update_run(tx, runs[2].id, started_at=clock.now(), state=RunState.RUNNING)
        clock.advance(90)
        service.finish(tx, store.get_run(tx, runs[2].id), RunState.SUCCEEDED, clock)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("metrics.auc > 0.8", "b"),
        ("metrics.auc >= 0.7 and params.depth = 2", "a"),
        ("not metrics.auc > 0.8", "ca"),
        ("metrics.auc != 0.7", "b"),
        ("metrics.'val loss' < 1 or state = succeeded", "ca"),
        ("params.depth in (2, 6)", "ca"),
        ("params.depth > 2 and params.depth < 10", "c"),
        ("params.depth like 1%", "b"),
        ("params.rate = 0.1", "cb"),
        ("labels.stage = good", "a"),
        ("labels.stage != good", "b"),
        ("not labels.stage = good", "cb"),
        ("labels.stage contains OO", "a"),
        ("state in (cancelled, succeeded)", "cb"),
        ("not (state = cancelled or state = succeeded)", "a"),
        ("duration >= 90s", "c"),
        ("not duration < 90", "cba"),
        ("notebook contains train and name != a", "cb"),
        ("by = ada and number < 3", "ba"),
        ("commit = 4f2c", ""),
        ("not commit like '%'", "cba"),
        ("created >= 2026-03-01 and created < 2026-03-02", "cba"),
        ("ended > 2026-01-01", "cb"),
        ("good", "a"),
        ("'stage=' and not bad", "a"),
        ("environment = planet", ""),
    ],
)
@pytest.mark.usefixtures("three")
def test_a_query_finds_those_for_which_it_holds(
    sought: Callable[..., list[str]], query: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where few are looked up and sorted, and where many are walked."""
    assert "".join(sought(query)) == expected
    monkeypatch.setattr(search, "RARE", -1)
    assert "".join(sought(query)) == expected


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("metrics.auc", True, "bac"),
        ("metrics.auc", False, "abc"),
        ("params.depth", True, "bca"),
        ("params.depth", False, "acb"),
        ("labels.stage", True, "abc"),
        ("name", False, "abc"),
        ("duration", True, "cba"),
        ("number", False, "abc"),
        ("state", False, "bac"),
    ],
)
@pytest.mark.usefixtures("three")
def test_runs_are_sorted_by_any_field_and_those_without_it_come_last(
    sought: Callable[..., list[str]],
    sort: str,
    descending: bool,  # noqa: FBT001  # a case
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "".join(sought("", sort, descending=descending)) == expected
    assert "".join(sought("train", sort, descending=descending)) == expected
    pages = [sought("", sort, descending=descending, offset=at, limit=1) for at in range(4)]
    assert [name for page in pages for name in page] == list(expected)
    monkeypatch.setattr(search, "RARE", -1)
    assert "".join(sought("train", sort, descending=descending)) == expected


@pytest.mark.usefixtures("three")
def test_runs_are_counted_by_notebook_and_by_commit(db: Database, person: Actor) -> None:
    with db.read() as tx:
        counts = [
            service.count_runs(tx, person, RunFilter(query=parse(query)), by)
            for query, by in (("", None), ("metrics.auc > 0.8", None), ("", "notebook"), ("good", "commit"))
        ]
        columns = service.columns(tx, person)
    assert [(one.total, one.newest) for one in counts] == [(3, 3), (1, 3), (3, 3), (1, 3)]
    assert [(group.key, group.count, group.newest) for group in counts[2].groups] == [("work/train.ipynb", 3, 3)]
    assert [(group.key, group.count) for group in counts[3].groups] == [(None, 1)]
    assert columns.metrics == ("auc", "val loss")
    assert columns.parameters == ("depth", "rate")
    assert columns.labels == ("of", "stage")


@pytest.mark.usefixtures("three")
def test_a_run_is_found_by_its_new_name_and_labels(
    sought: Callable[..., list[str]], db: Database, person: Actor, clock: Clock
) -> None:
    with db.write() as tx:
        change = RunChange(name="champion", labels={"stage": "best", "of": None})
        changed = service.change(tx, person, "a", change, clock)
    assert changed.labels == {"stage": "best"}
    assert sought("champion") == ["champion"]
    assert sought("labels.stage = best") == ["champion"]
    assert sought("labels.of = x") == []
    assert sought("good") == []
    with db.read() as tx:
        said = [(event.kind, event.subject) for event in read_after(tx, project_id="default", after=0).events]
        done = tx.execute(sa.select(audit.audit.c.action, audit.audit.c.subject)).all()
    assert ("run.changed", changed.id) in said
    assert ("run.change", changed.id) in done


@pytest.mark.parametrize(
    "change", [{"name": "17"}, {"name": "a/b"}, {"labels": {"x" * 64: "1"}}, {"labels": {"x": "y" * 201}}]
)
def test_a_name_or_label_that_no_run_could_be_made_with_is_refused(
    create: Create, db: Database, person: Actor, clock: Clock, change: dict[str, object]
) -> None:
    create(name="kept")
    with pytest.raises(InvalidInputError), db.write() as tx:
        service.change(tx, person, "kept", RunChange(**change), clock)  # type: ignore[arg-type]
