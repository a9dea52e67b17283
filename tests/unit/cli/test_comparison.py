"""Two runs held against each other."""

import json
from dataclasses import replace

from gristmill.cli.comparison import Section, cells_changed, compare
from gristmill.notebooks.model import ParameterSchema
from gristmill.runs.model import Metric, Run, RunDetail
from gristmill.snapshots.model import Snapshot, SnapshotFile
from tests.unit.cli.made import NOON, a_run, an_attempt

WORKER = {
    "kernel": {"name": "python3", "python": "3.11.7", "interpreter": "/usr/bin/python"},
    "environment": {"digest": "sha256:1", "packages": ["numpy==1.26", "pandas==2.2"]},
}


def detail(run: Run, worker: dict[str, object]) -> RunDetail:
    return RunDetail(run=run, attempts=(an_attempt(provenance={"worker": worker}),), outputs=())


def snapshot(**digests: str) -> Snapshot:
    files = tuple(SnapshotFile(path=f"{path}.ipynb", digest=digest, size=1) for path, digest in digests.items())
    return Snapshot(
        id="snapshot_1",
        digest="sha256:0",
        project_id="default",
        notebook="train.ipynb",
        files=files,
        import_roots=(),
        schema=ParameterSchema(language="python", cell=None),
        kernel="python3",
        created_by="ada",
        created_at=NOON,
    )


def notebook(*cells: str) -> bytes:
    listed = [{"cell_type": "code", "source": cell, "metadata": {}} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": listed}).encode()


BLOBS = {"sha256:a": notebook("x = 1", "y = 2"), "sha256:b": notebook("x = 1", "y = 3"), "sha256:c": b"{"}


def sections(a: RunDetail, b: RunDetail, of_a: Snapshot, of_b: Snapshot) -> dict[str, Section]:
    return {section.title: section for section in compare(a, b, of_a, of_b, BLOBS.__getitem__)}


def test_only_what_differs_is_a_row_and_the_rest_is_counted() -> None:
    a = detail(a_run(parameters={"depth": 4, "rate": 0.1}), WORKER)
    b = detail(a_run(parameters={"depth": 6, "rate": 0.1}), WORKER)
    found = sections(a, b, snapshot(train="sha256:a"), snapshot(train="sha256:a"))
    (row,) = found["Parameters"].rows
    assert (row.name, row.a, row.b) == ("depth", 4, 6)
    assert [row.name for row in found["Parameters"].equal] == ["rate"]
    assert found["Packages"].rows == ()
    assert len(found["Packages"].equal) == 2


def test_a_parameter_that_one_run_lacks_differs_though_it_is_none() -> None:
    a, b = detail(a_run(parameters={"depth": None}), WORKER), detail(a_run(parameters={}), WORKER)
    assert len(sections(a, b, snapshot(), snapshot())["Parameters"].rows) == 1


def test_metrics_say_by_how_much_they_differ() -> None:
    a = detail(a_run(metrics={"auc": Metric(value=0.9, spread=0.01, count=5), "same": Metric(value=1)}), WORKER)
    b = detail(a_run(metrics={"auc": Metric(value=0.92), "same": Metric(value=1), "new": Metric(value=2)}), WORKER)
    metrics = sections(a, b, snapshot(), snapshot())["Metrics"]
    rows = {row.name: (row.a, row.b, row.change) for row in metrics.rows}
    assert rows == {"auc": ("0.9000 ± 0.010 (n=5)", "0.9200", "+0.02000"), "new": (None, "2", "")}
    assert [row.name for row in metrics.equal] == ["same"]


def test_of_notebooks_it_is_said_how_many_cells_differ() -> None:
    a, b = detail(a_run(), WORKER), detail(a_run(), WORKER)
    of_a, of_b = snapshot(train="sha256:a", gone="sha256:a"), snapshot(train="sha256:b", new="sha256:a")
    rows = {row.name: row.change for row in sections(a, b, of_a, of_b)["Notebook and files"].rows}
    assert rows == {
        "train.ipynb": "1 of 2 code cells differ",
        "gone.ipynb": "only in the first",
        "new.ipynb": "only in the second",
    }


def test_which_notebook_was_run_is_a_difference_though_all_files_are_the_same() -> None:
    a, b = detail(a_run(), WORKER), detail(a_run(), WORKER)
    of_a = snapshot(train="sha256:a", score="sha256:b", copy="sha256:a")
    for name, change in (("score", "1 of 2 code cells differ"), ("copy", "the same content")):
        of_b = replace(of_a, notebook=f"{name}.ipynb")
        (row,) = sections(a, b, of_a, of_b)["Notebook and files"].rows
        assert (row.name, row.a, row.b, row.change) == ("notebook", "train.ipynb", f"{name}.ipynb", change)


def test_a_notebook_that_is_none_is_compared_as_a_file() -> None:
    a, b = detail(a_run(), WORKER), detail(a_run(), WORKER)
    (row,) = sections(a, b, snapshot(x="sha256:a"), snapshot(x="sha256:c"))["Notebook and files"].rows
    assert row.change == ""


def test_an_inserted_cell_does_not_make_the_others_differ() -> None:
    assert cells_changed(["a", "b"], ["a", "new", "b"]) == "1 of 3 code cells differ"
    assert cells_changed(["a"], ["a"]) == "the same code; text or outputs differ"


def test_packages_and_surroundings_come_from_the_worker() -> None:
    other = {
        "kernel": {"name": "python3", "python": "3.12.1", "interpreter": "/usr/bin/python"},
        "environment": {"packages": ["numpy==2.1"]},
    }
    found = sections(detail(a_run(), WORKER), detail(a_run(profile="large"), other), snapshot(), snapshot())
    assert {row.name: (row.a, row.b) for row in found["Packages"].rows} == {
        "numpy": ("1.26", "2.1"),
        "pandas": ("2.2", None),
    }
    assert {row.name for row in found["Kernel and profile"].rows} == {"python", "profile"}


def test_what_was_not_recorded_is_said_and_no_difference() -> None:
    """A run that never started, or whose worker was lost early, has no packages to compare with."""
    known, empty = detail(a_run(), WORKER), RunDetail(run=a_run(), attempts=(), outputs=())
    for a, b, lacking in (
        (known, empty, "the second"),
        (empty, known, "the first"),
        (empty, empty, "either"),
        (known, detail(a_run(), {"kernel": {"python": "3.11.7"}}), "the second"),
    ):
        found = sections(a, b, snapshot(), snapshot())["Packages"]
        assert found == Section(title="Packages", rows=(), note=f"not recorded of {lacking}")


def test_of_kernel_and_machine_what_was_asked_for_is_compared_all_the_same() -> None:
    empty = RunDetail(run=a_run(profile="large"), attempts=(), outputs=())
    found = sections(detail(a_run(), WORKER), empty, snapshot(), snapshot())["Kernel and profile"]
    assert [(row.name, row.a, row.b) for row in found.rows] == [("profile", "small", "large")]
    assert [row.name for row in found.equal] == ["kernel"]
    assert found.note == "not recorded of the second"


def test_an_environment_without_packages_differs_from_one_with() -> None:
    bare = detail(a_run(), {"environment": {"packages": []}})
    found = sections(detail(a_run(), WORKER), bare, snapshot(), snapshot())["Packages"]
    assert (len(found.rows), found.note) == (2, None)
