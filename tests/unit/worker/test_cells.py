import copy
from typing import Any

import nbformat
import pytest
from papermill.execute import remove_error_markers
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from gristmill.worker.cells import executed_cells, source_places


def cell(source: str, *tags: str, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {"tags": list(tags)}}


NOTEBOOKS = {
    "no parameters cell": [cell("a"), cell("b")],
    "a parameters cell": [cell("# t", kind="markdown"), cell("x = 1", "parameters"), cell("b")],
    "injected before": [cell("x = 1", "parameters"), cell("x = 2", "injected-parameters"), cell("b")],
    "marks of an earlier error": [
        cell("mark", "papermill-error-cell-tag", kind="markdown"),
        cell("x = 1", "parameters"),
        cell("anchor", "papermill-error-cell-tag", kind="markdown"),
        cell("b"),
    ],
}


@pytest.mark.parametrize("parameters", [{}, {"x": 5}])
@pytest.mark.parametrize("cells", NOTEBOOKS.values(), ids=NOTEBOOKS.keys())
def test_places_are_those_that_papermill_gives_the_cells(
    cells: list[dict[str, Any]], parameters: dict[str, int]
) -> None:
    notebook = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": copy.deepcopy(cells)})
    for index, one in enumerate(notebook.cells):
        one.metadata["place"] = index
        if one.cell_type == "code":
            one.update(outputs=[], execution_count=None)
    prepared = load_notebook_node(notebook)
    if parameters:
        prepared = parameterize_notebook(prepared, parameters, kernel_name="python3", language="python")
    prepared = remove_error_markers(prepared)
    places = source_places(cells, injected=bool(parameters))
    assert len(places) == len(prepared.cells)
    for place, one in zip(places, prepared.cells, strict=True):
        known = one.metadata.get("place")
        assert known in {place, None}
        if known is None:
            assert "injected-parameters" in one.metadata.tags


def test_only_code_with_something_in_it_is_executed() -> None:
    cells = [cell("a"), cell("  \n"), cell("text", kind="markdown"), cell("b", "skip-execution"), cell("c")]
    assert executed_cells(cells) == [0, 4]
