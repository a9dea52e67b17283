"""Which cells of two notebooks belong together, and how their lines differ."""

from typing import Any

from gristmill_lab.diffs import diff


def cell(source: str, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "source": source}


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
    found = list(diff(before, after))
    assert [(one.change, one.before, one.after) for one in found] == [
        ("added", None, 1),
        ("equal", 1, 2),
        ("removed", 2, None),
        ("equal", 3, 3),
        ("added", None, 4),
    ]


def test_nothing_against_something_is_all_new() -> None:
    assert [one.change for one in diff([], [TITLE, END])] == ["added", "added"]
    assert [one.change for one in diff([TITLE, END], [])] == ["removed", "removed"]
    assert list(diff([], [])) == []
