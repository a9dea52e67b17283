"""What events say of a run while it goes on."""

from gristmill.cli.watched import Watched
from gristmill.runs.model import Metric, RunState
from tests.unit.cli.made import Events, a_run


def watched(*events: tuple[str, dict[str, object]]) -> Watched:
    made, seen = Events(), Watched.at_start(a_run(RunState.QUEUED))
    for kind, data in events:
        seen.take(made(kind, **data))
    return seen


def test_it_follows_the_states() -> None:
    run = watched(("run.starting", {"state": "starting"}), ("run.running", {"state": "running"}))
    assert run.state is RunState.RUNNING
    assert run.shown == "running"
    assert run.began is not None


def test_cells_and_what_the_notebook_reports_make_the_share() -> None:
    run = watched(
        ("cell.started", {"number": 2, "of": 4}),
        ("cell.finished", {"number": 2, "of": 4}),
        ("cell.started", {"number": 3, "of": 4}),
        ("progress", {"fraction": 0.5, "message": "fold 2 of 4"}),
    )
    assert run.share == 2.5 / 4
    assert run.message == "fold 2 of 4"


def test_a_finished_cell_takes_its_progress_along() -> None:
    run = watched(
        ("cell.started", {"number": 4, "of": 4}),
        ("progress", {"fraction": 0.9}),
        ("cell.finished", {"number": 4, "of": 4}),
    )
    assert run.share == 1.0
    assert run.fraction is None


def test_metrics_are_the_last_reported() -> None:
    run = watched(
        ("metric", {"metrics": {"auc": {"value": 0.5}}}),
        ("metric", {"metrics": {"auc": {"value": 0.9, "spread": 0.1, "count": 5}, "loss": {"value": 1}}}),
    )
    assert run.metrics == {"auc": Metric(value=0.9, spread=0.1, count=5), "loss": Metric(value=1)}


def test_an_empty_tail_keeps_the_last_line() -> None:
    assert watched(("log", {"tail": "line"}), ("log", {"tail": None})).tail == "line"


def test_waiting_says_why_until_it_goes_on() -> None:
    assert watched(("run.waiting", {"waiting": "1 core"})).shown == "waiting"
    assert watched(("run.waiting", {"waiting": "1 core"}), ("run.starting", {"state": "starting"})).shown == "starting"


def test_the_next_attempt_begins_anew() -> None:
    run = watched(
        ("run.running", {"state": "running"}),
        ("cell.started", {"number": 3, "of": 4}),
        ("metric", {"metrics": {"auc": {"value": 0.5}}}),
        ("run.queued", {"state": "queued"}),
    )
    assert (run.attempt, run.cell, run.metrics) == (2, 0, {})


def test_being_cancelled_is_said_until_it_is() -> None:
    asked: tuple[str, dict[str, object]] = ("run.cancelling", {})
    assert watched(asked).shown == "cancelling"
    assert watched(asked, ("run.cancelled", {"state": "cancelled"})).shown == "cancelled"


def test_kinds_that_are_new_change_nothing() -> None:
    assert watched(("cell.blessed", {"by": "nobody"})).state is RunState.QUEUED
