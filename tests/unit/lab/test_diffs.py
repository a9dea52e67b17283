"""Which cells of two notebooks belong together, and how their lines differ."""

import json
from typing import Any

from gristmill_lab.diffs import Cell, _cells, diff


def cell(source: str, kind: str = "code") -> Cell:
    return Cell(kind=kind, source=source)


def content(*cells: tuple[str, str, list[str]]) -> bytes:
    raws: list[dict[str, Any]] = [
        {"cell_type": kind, "source": source, "metadata": {"tags": tags}, **({"outputs": []} if kind == "code" else {})}
        for kind, source, tags in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": raws}).encode()


TITLE, END = cell("# Churn", "markdown"), cell("model.save()")


def test_a_cell_that_was_changed_is_held_against_what_it_was() -> None:
    before = [TITLE, cell("import pandas\nrate = 0.1\ndepth = 3"), END]
    after = [TITLE, cell("import pandas\nrate = 0.2\ndepth = 3"), END]
    found = list(diff(before, after))
    assert [one.change for one in found] == ["equal", "changed", "equal"]
    assert [line.sign + line.text for line in found[1].lines] == [
        " import pandas",
        "-rate = 0.1",
        "+rate = 0.2",
        " depth = 3",
    ]


def test_cells_that_came_and_went_make_no_other_differ() -> None:
    before = [TITLE, cell("clean(table)\ndrop(table)"), END]
    after = [cell("import this\nprint(this)"), TITLE, END, cell("report(1)\nreport(2)")]
    assert [one.change for one in diff(before, after)] == ["added", "equal", "removed", "equal", "added"]


def test_nothing_against_something_is_all_new() -> None:
    assert [one.change for one in diff([], [TITLE, END])] == ["added", "added"]
    assert [one.change for one in diff([TITLE, END], [])] == ["removed", "removed"]
    assert list(diff([], [])) == []


def test_cells_are_called_what_the_run_calls_them() -> None:
    """It counts those that it executes, and with values the one of values that it adds."""
    parameters = ("code", "rate = 0.1", ["parameters"])
    notebook = content(
        ("markdown", "# Churn", []), parameters, ("code", "", []), ("markdown", "", []), ("code", "fit()", [])
    )
    assert [(one.number, one.executed) for one in _cells(notebook, given=False)] == [
        (0, False),
        (1, True),
        (1, False),
        (1, False),
        (2, True),
    ]
    assert [one.number for one in _cells(notebook, given=True)] == [0, 1, 2, 2, 3]
    (last,) = [
        one for one in diff(_cells(notebook, given=False), _cells(notebook, given=True)) if "fit" in str(one.lines)
    ]
    assert (last.before, last.after) == (2, 3)
