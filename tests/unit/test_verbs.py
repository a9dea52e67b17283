"""Verbs as plain Python calls them; what they show in a kernel is tested with a real one."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gristmill
from gristmill import report_flood, verbs
from gristmill.core.errors import InvalidInputError
from gristmill.report_flood import AT_ONCE, ReportFlood


class Cells:
    """IPython's events: `end` is the end of a cell."""

    def __init__(self) -> None:
        self._calls: list[Any] = []

    def register(self, event: str, call: Any) -> None:
        assert event == "post_run_cell"
        self._calls.append(call)

    def end(self) -> None:
        for call in self._calls:
            call(None)


class Shell:
    """Stands where IPython's shell is; keeps what is published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.published: list[dict[str, Any]] = []
        self.shown = threading.Semaphore(0)
        self.execution_count = 1
        self.events = Cells()
        display = SimpleNamespace(publish_display_data=self.publish)
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: self))
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def publish(self, data: dict[str, Any], **options: Any) -> None:
        self.published.append({"payload": data[verbs.MIME], "text": data["text/plain"], **options})
        self.shown.release()

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [one["payload"] for one in self.published]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(verbs, "_last_progress", -1e9)
    return Shell(monkeypatch)


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.array(0.5), np.float64("0.5"), pd.Series([0.5]).iloc[0], True]
)
def test_a_scalar_is_reported_as_it_is(shell: Shell, value: Any) -> None:
    gristmill.report(auc=value)
    assert shell.payloads == [{"verb": "report", "metrics": {"auc": {"value": float(value)}}}]


@pytest.mark.parametrize(
    "values", [[0.1, 0.2, 0.6], (0.1, 0.2, 0.6), np.array([0.1, 0.2, 0.6]), pd.Series([0.1, 0.2, 0.6])]
)
def test_repeats_become_mean_spread_and_count(shell: Shell, values: Sequence[float]) -> None:
    """The spread is the sample standard deviation."""
    gristmill.report(auc=values)
    metric = shell.payloads[0]["metrics"]["auc"]
    assert metric["value"] == pytest.approx(0.3)
    assert metric["spread"] == pytest.approx(np.std([0.1, 0.2, 0.6], ddof=1))
    assert metric["count"] == 3


def test_one_repeat_has_no_spread(shell: Shell) -> None:
    gristmill.report(auc=[0.5])
    assert shell.payloads[0]["metrics"]["auc"] == {"value": 0.5, "count": 1}


def test_names_and_step_are_taken_as_given(shell: Shell) -> None:
    gristmill.report({"F1 (macro)": 0.7}, step=np.int64(3), loss=0.1)
    step = {"step": 3}
    assert shell.payloads[0]["metrics"] == {"F1 (macro)": {"value": 0.7, **step}, "loss": {"value": 0.1, **step}}
    assert shell.published[0]["text"] == "F1 (macro) = 0.7 [step 3]\nloss = 0.1 [step 3]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "metric 'auc' must be a finite number, got nan"),
        (float("inf"), "metric 'auc' must be a finite number, got inf"),
        ([0.1, float("nan")], r"metric 'auc\[1\]' must be a finite number, got nan"),
        ([], "metric 'auc' is empty"),
        (np.array([]), "metric 'auc' is empty"),
        ("0.9", "metric 'auc' must be a finite number, got '0.9'"),
        (None, "metric 'auc' must be a finite number, got None"),
        (["a"], r"metric 'auc\[0\]'"),
        ([[0.1], [0.2]], "a flat sequence"),
        (pd.DataFrame({"a": [1.0]}), "metric 'auc"),
        ({"a": 1}, "metric 'auc'"),
        (10**400, "metric 'auc'"),
        (object(), "metric 'auc'"),
        (pd.NA, "metric 'auc'"),
        (pd.Series([1.0, None]), r"metric 'auc\[1\]'"),
        (1j, "metric 'auc'"),
    ],
)
def test_what_is_no_number_is_refused_by_name(shell: Shell, value: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        gristmill.report(auc=value)
    assert shell.published == []


@pytest.mark.parametrize("metrics", [{}, {"": 1}, {" ": 1}, {3: 1}, {"x" * 251: 1}])
def test_a_report_needs_named_metrics(metrics: Any) -> None:
    with pytest.raises(InvalidInputError, match="metric"):
        gristmill.report(metrics)


def test_a_step_is_a_whole_number() -> None:
    with pytest.raises(InvalidInputError, match="step must be a whole number"):
        gristmill.report(a=1, step=1.5)  # type: ignore[arg-type]  # what is refused


def test_an_output_is_named_relative_to_the_working_directory(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the notebook has changed its directory meanwhile."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.txt").write_text("x")
    monkeypatch.setenv("GRISTMILL_WORKDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path / "deep")
    gristmill.output("a.txt", description="what it is")
    gristmill.output(tmp_path / "deep" / "a.txt")
    assert [one["path"] for one in shell.payloads] == ["deep/a.txt", "deep/a.txt"]
    assert shell.payloads[0]["description"] == "what it is"


@pytest.mark.parametrize(
    ("path", "said"), [("nowhere.txt", "no such file"), ("../outside.txt", "outside"), (".", "no such file")]
)
def test_an_output_must_be_a_file_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, said: str
) -> None:
    (tmp_path / "outside.txt").write_text("x")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    with pytest.raises(InvalidInputError, match=said):
        gristmill.output(path)


def test_a_link_that_leads_outside_is_no_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside.txt").write_text("x")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside.txt")
    monkeypatch.chdir(tmp_path / "inside")
    with pytest.raises(InvalidInputError, match="outside the working directory"):
        gristmill.output("link")


def test_progress_is_shown_in_one_display_per_cell_and_not_too_often(shell: Shell) -> None:
    for step in range(1000):
        gristmill.progress(step / 1000, "training")
    gristmill.progress(1)
    assert [one["payload"]["fraction"] for one in shell.published] == [0.0, 1.0]
    first, last = shell.published
    assert (first["update"], last["update"]) == (False, True)
    assert first["transient"] == last["transient"]
    shell.execution_count = 2
    gristmill.progress(1)
    assert shell.published[-1]["update"] is False


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "half"])
def test_a_fraction_is_from_0_to_1(fraction: Any) -> None:
    with pytest.raises(InvalidInputError, match="fraction"):
        gristmill.progress(fraction)


def run_python(program: str, folder: Path) -> str:
    environ = {**os.environ, "PYTHONPATH": str(Path(gristmill.__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environ, capture_output=True, text=True, check=True
    ).stdout


def test_outside_ipython_a_report_is_printed_and_progress_is_silent(tmp_path: Path) -> None:
    program = (
        "import gristmill\nopen('a.txt', 'w').close()\n"
        "gristmill.progress(0.5)\ngristmill.report(auc=[0.9, 1.0])\ngristmill.output('a.txt')"
    )
    assert run_python(program, tmp_path) == "auc = 0.95 ± 0.071 (n=2)\noutput a.txt\n"


def test_the_package_imports_the_standard_library_only_and_little_of_it(tmp_path: Path) -> None:
    """`import gristmill` stands at the top of notebooks; the verbs load with their first use."""
    program = (
        "import sys\nbefore = set(sys.modules)\nimport gristmill\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "gristmill.report\n"
        "later = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted((loaded | later) - set(sys.stdlib_module_names) - {'gristmill'}), len(loaded))"
    )
    foreign, count = run_python(program, tmp_path).rsplit(maxsplit=1)
    assert foreign == "[]"
    assert int(count) < 40


@pytest.fixture
def flooded(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """As a kernel that has just started."""
    monkeypatch.setattr(verbs, "_flood", ReportFlood(verbs._show_reports, verbs._at_end_of_cells))
    return shell


def test_what_is_reported_faster_than_it_is_read_is_shown_together(flooded: Shell) -> None:
    began = time.monotonic()
    for n in range(10_000):
        gristmill.report(loss=n, accuracy=n / 2)
    flooded.events.end()
    took = time.monotonic() - began
    # The first of each second at once; of the rest what was held, ten times a second and at the end.
    assert len(flooded.published) <= AT_ONCE * (1 + took) + took / report_flood.TOGETHER + 1
    assert flooded.payloads[:2] == [
        {"verb": "report", "metrics": {"loss": {"value": n}, "accuracy": {"value": n / 2}}} for n in (0, 1)
    ]
    assert flooded.payloads[-1]["metrics"] == {"loss": {"value": 9999}, "accuracy": {"value": 4999.5}}


def test_no_step_of_a_curve_is_left_out(flooded: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_flood, "TOGETHER", 60)  # what is held is shown at the end of the cell, not before
    for step in range(2_000):
        gristmill.report({"loss": 1 / (step + 1)}, step=step)
        gristmill.report(accuracy=0.5, step=step)
    flooded.events.end()
    reports = [one for told in flooded.payloads for one in told.get("reports") or [told["metrics"]]]
    steps = {name: [one[name]["step"] for one in reports if name in one] for name in ("loss", "accuracy")}
    assert steps == {"loss": list(range(2_000)), "accuracy": list(range(2_000))}
    heading, *last = flooded.published[-1]["text"].splitlines()
    assert re.fullmatch(r"\d+ reports, the last of them:", heading)
    # In the order in which they came since the display before, which may have fallen between two of a step.
    assert sorted(last) == ["accuracy = 0.5 [step 1999]", "loss = 0.0005 [step 1999]"]


def test_the_value_that_came_last_is_told_last(flooded: Shell) -> None:
    """It is the one that stands."""
    for n in range(AT_ONCE + 1):
        gristmill.report(loss=n)
    gristmill.report(loss=0.5, step=7)
    gristmill.report(loss=0.25)
    flooded.events.end()
    last = flooded.payloads[-1]
    assert (last.get("reports") or [last["metrics"]])[-1] == {"loss": {"value": 0.25}}


def test_what_is_held_is_shown_though_nothing_comes_after_it(flooded: Shell) -> None:
    """The same cell may go on for hours."""
    for n in range(AT_ONCE + 2):
        gristmill.report(loss=n)
    flooded.shown.acquire(timeout=30)
    while flooded.payloads[-1]["metrics"] != {"loss": {"value": AT_ONCE + 1}}:
        assert flooded.shown.acquire(timeout=30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_shows_nothing_of_its_parents(flooded: Shell) -> None:
    for n in range(AT_ONCE + 2):
        gristmill.report(loss=n)
    shown = len(flooded.published)
    child = os.fork()
    if child == 0:
        verbs._flood.flush()
        for n in range(AT_ONCE * 2):
            gristmill.report(loss=-n)
        own = [payload["metrics"]["loss"]["value"] for payload in flooded.payloads[shown:]]
        os._exit(0 if own == [-n for n in range(AT_ONCE * 2)] else 1)  # and none of its own is held
    assert os.waitpid(child, 0)[1] == 0
