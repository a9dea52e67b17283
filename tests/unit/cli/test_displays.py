"""How a run is shown while it goes on."""

import io

import pytest
from rich.console import Console

from gristmill.cli.displays import Lines, Live, Silence, display_for
from gristmill.cli.watched import Watched
from gristmill.runs.model import RunState
from tests.unit.cli.made import Events, a_run

STORY: list[tuple[str, dict[str, object]]] = [
    ("run.waiting", {"waiting": "waiting for 2 cores"}),
    ("run.starting", {"state": "starting"}),
    ("run.running", {"state": "running"}),
    ("cell.started", {"number": 1, "of": 2}),
    ("log", {"tail": "reading\x1b[31m"}),
    ("metric", {"metrics": {"auc": {"value": 0.9235, "spread": 0.012, "count": 5}}}),
    ("cell.finished", {"number": 1, "of": 2, "seconds": 1.25}),
    ("cell.started", {"number": 2, "of": 2}),
    ("progress", {"fraction": 0.5, "message": "fold 5 of 10"}),
]
FAILED: tuple[str, dict[str, object]] = ("cell.finished", {"number": 2, "of": 2, "seconds": 3.0, "failed": True})


def test_what_waited_and_goes_on_is_said_to(capsys: pytest.CaptureFixture[str]) -> None:
    watched, made = Watched.at_start(a_run(RunState.RUNNING)), Events()
    display = Lines(watched)
    for why in ("its node does not answer", None):
        event = made("run.waiting", waiting=why)
        watched.take(event)
        display.take(event)
    assert capsys.readouterr().out.splitlines() == ["◷ its node does not answer", "goes on"]


def test_elsewhere_than_on_a_terminal_whatever_happens_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    watched, made = Watched.at_start(a_run(RunState.QUEUED)), Events()
    display = display_for(watched, quiet=False)
    assert isinstance(display, Lines)
    for kind, data in [*STORY, FAILED]:
        event = made(kind, **data)
        watched.take(event)
        display.take(event)
    assert capsys.readouterr().out.splitlines() == [
        "◷ waiting for 2 cores",
        "◌ starting",
        "◔ running",
        "  reading [31m",
        "  auc 0.9235 ± 0.012 (n=5)",
        "cell 1 of 2  1.2 s",
        "cell 2 of 2 failed  3 s",
    ]


def test_programs_are_shown_nothing() -> None:
    assert isinstance(display_for(Watched.at_start(a_run()), quiet=True), Silence)


def drawn(watched: Watched) -> list[str]:
    """What stands on the screen, without starting to redraw it."""
    display = Live.__new__(Live)
    display.watched = watched
    console = Console(file=io.StringIO(), width=60, highlight=False)
    console.print(display.draw())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_terminal_shows_cell_time_progress_last_output_and_metrics() -> None:
    watched, made = Watched.at_start(a_run(RunState.QUEUED)), Events()
    for kind, data in STORY:
        watched.take(made(kind, **data))
    head, bar, tail, metric = drawn(watched)
    assert head.startswith("◔ running  train-41  cell 2 of 2 · ")
    assert bar == "━" * 40 + "  50%  fold 5 of 10"
    assert tail.startswith("reading")
    assert "\x1b" not in tail
    assert metric == "  auc  0.9235 ± 0.012 (n=5)"


def test_before_the_first_cell_there_is_one_line() -> None:
    assert drawn(Watched.at_start(a_run(RunState.QUEUED))) == ["○ queued  train-41"]


def test_a_long_line_of_output_is_cut_at_the_edge() -> None:
    watched, made = Watched.at_start(a_run(RunState.QUEUED)), Events()
    watched.take(made("cell.started", number=1, of=1))
    watched.take(made("log", tail="x" * 200))
    assert drawn(watched)[2] == "x" * 59 + "…"
