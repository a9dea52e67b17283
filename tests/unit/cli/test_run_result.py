"""How a run's end is told."""

from dataclasses import replace

import pytest

from gristmill.cli.run_list import print_runs
from gristmill.cli.run_result import brief, excerpt, figures, headline, print_fault, print_result, without_message
from gristmill.runs.model import FaultKind, LoggedModel, Metric, Output, Progress, RunFault, RunState
from tests.unit.cli.made import a_run, an_attempt

CELL = "\n".join(f"line {number}" for number in range(1, 21))
FAULT = RunFault(
    kind=FaultKind.CELL_ERROR,
    message="KeyError: 'x'",
    cell=3,
    source=CELL,
    line=10,
    traceback=("Traceback", "Cell In[2], line 10"),
)


def test_the_headline_says_state_and_time() -> None:
    assert headline(a_run()).endswith(" in 18 s")


def test_the_headline_of_a_failed_run_says_where_and_why() -> None:
    run = a_run(RunState.FAILED, fault=FAULT, attempt=an_attempt())
    assert headline(run).endswith(" after 18 s: cell 2 of 3: KeyError: 'x'")


def test_a_message_too_long_for_a_line_is_printed_once_and_elsewhere_by_its_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "MlflowException: The model " + "is not " * 30 + "trusted.\n\nAnd more.\nOnly add it."
    trace = ("Traceback", "File x.py", *long.splitlines())
    fault = replace(FAULT, message=long, traceback=trace, hint="do this")
    run = a_run(RunState.FAILED, fault=fault, attempt=an_attempt())
    assert headline(run).endswith(" after 18 s: cell 2 of 3: MlflowException")
    print_fault(fault, run.attempt, whole=True)
    out = capsys.readouterr().out
    assert out.count("MlflowException: The model") == 1
    assert out.count("  Only add it.") == 1
    assert out.index("File x.py") < out.index("MlflowException") < out.index("hint: do this")


def test_a_traceback_that_ends_otherwise_is_left_whole() -> None:
    assert without_message(("KeyError: 'x'", "other"), ["KeyError: 'x'", "more", "still"]) == ("KeyError: 'x'", "other")
    assert without_message(("a", "KeyError: 'x'"), ["KeyError: 'x'"]) == ("a",)
    assert without_message(("a",), []) == ("a",)


def test_a_fault_outside_of_any_cell_names_none() -> None:
    fault = RunFault(kind=FaultKind.WORKER_LOST, message="the worker\nis gone")
    assert brief(fault, None) == "the worker is gone"


def test_a_cell_is_named_by_its_index_where_none_was_counted() -> None:
    assert brief(FAULT, None) == "cell with index 3: KeyError: 'x'"


def test_an_excerpt_is_three_lines_around_the_one_that_failed() -> None:
    lines = excerpt(CELL, 10)
    assert lines[0] == "   7 │ line 7"
    assert len(lines) == 7
    assert [line for line in lines if "→" in line] == [lines[3]]
    assert "→ 10 │ line 10" in lines[3]


def test_an_excerpt_at_an_end_of_the_cell_is_shorter() -> None:
    assert len(excerpt(CELL, 1)) == 4
    assert len(excerpt(CELL, 20)) == 4
    assert len(excerpt("x = 1", None)) == 1
    assert len(excerpt(CELL, 10, whole=True)) == 20


def test_a_line_beyond_the_cell_marks_none() -> None:
    """A cell that was changed by a magic may raise in a line that its source lacks."""
    assert not any("→" in line for line in excerpt("x = 1", 7))


def test_the_end_of_a_run_has_metrics_models_outputs_and_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(
        metrics={"auc": Metric(value=0.9235, spread=0.012, count=25)},
        models=(LoggedModel(id="m-1", name="churn"),),
    )
    outputs = [Output(name=f"file{number}.txt", digest="sha256:0", size=10) for number in range(9)]
    print_result(run, outputs, ["a notice"])
    out, err = capsys.readouterr()
    assert "auc  0.9235 ± 0.012 (n=25)" in out
    assert "churn (m-1)" in out
    assert "file0.txt  10 B" in out
    assert "and 3 more: gristmill runs outputs 41" in out
    assert "gristmill models register churn --run 41" in out
    assert "a notice" in err


def test_a_model_whose_name_says_nothing_is_to_be_called_like_its_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(models=(LoggedModel(id="m-1", name="model"),), notebook="notebooks/my churn.ipynb")
    print_result(run, [])
    assert "gristmill models register 'my churn' --run 41" in capsys.readouterr().out


def test_of_several_models_the_next_step_names_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(a_run(models=(LoggedModel(id="m-1", name="a"), LoggedModel(id="m-2", name="b"))), [])
    assert "register a --run 41 --model a" in capsys.readouterr().out


def test_a_failed_run_shows_the_cell_and_the_error_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(a_run(RunState.FAILED, fault=FAULT, attempt=an_attempt()), [])
    out = capsys.readouterr().out
    assert "Cell 2 of 3, line 10" in out
    assert "→ 10 │ line 10" in out
    assert "KeyError: 'x'" in out
    assert "Traceback" not in out
    assert "gristmill runs logs 41" in out


def test_a_dead_kernel_shows_its_last_words(capsys: pytest.CaptureFixture[str]) -> None:
    fault = RunFault(
        kind=FaultKind.KERNEL_DIED, message="it died", cell=1, source="x", traceback=("segfault",), hint="H"
    )
    print_result(a_run(RunState.FAILED, fault=fault, attempt=an_attempt()), [])
    out = capsys.readouterr().out
    assert "segfault" in out
    assert "hint: H" in out


def test_figures_are_the_first_few_without_counts() -> None:
    metrics = {name: Metric(value=0.5, spread=0.1, count=3) for name in "abc"}
    assert figures(metrics, 2) == "a 0.5000 ± 0.10, b 0.5000 ± 0.10"


def test_the_list_has_the_result_of_each_state(capsys: pytest.CaptureFixture[str]) -> None:
    print_runs(
        [
            a_run(metrics={"auc": Metric(value=0.9)}),
            a_run(RunState.FAILED, fault=FAULT, attempt=an_attempt()),
            a_run(RunState.RUNNING, attempt=an_attempt(progress=Progress(cell=2, cells=3, message="fold 1"))),
            a_run(RunState.QUEUED, waiting="1 core is free of 2"),
            a_run(RunState.STARTING, attempt=an_attempt(waiting="MLflow is away")),
        ],
        full=True,
    )
    out, err = capsys.readouterr()
    for said in ("auc 0.9000", "cell 2 of 3: KeyError", "cell 2 of 3, fold 1", "1 core is free of 2", "MLflow is away"):
        assert said in out
    assert out.count("◷ waiting") == 2
    assert "gristmill runs list --before 41" in err
