"""A notebook without a parameters cell is offered its own settings as parameters."""

import json

from gristmill.notebooks.source import NotebookSource, read_notebook
from gristmill.notebooks.suggestions import suggest_parameters


def notebook(*sources: str, tags: tuple[str, ...] = (), language: str = "python") -> NotebookSource:
    cells = [{"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}} for source in sources]
    data = {"nbformat": 4, "metadata": {"kernelspec": {"language": language}}, "cells": cells}
    return read_notebook(json.dumps(data).encode())


def test_plain_values_of_the_first_cells_are_offered() -> None:
    first = "import pandas as pd\nSEED = 42  # for everything\nname = 'x'\n_private = 1"
    second = "df = pd.read_csv('a.csv')\nscores = []\ncolumns = ['a', 'b']\nSEED = 43\nbest: int | None = None"
    offered = suggest_parameters(notebook(first, second))
    assert [(one.cell, one.parameter.name, one.parameter.default) for one in offered] == [
        (1, "SEED", 42),
        (1, "name", "x"),
        (2, "columns", ["a", "b"]),
    ]
    assert offered[0].parameter.help == "for everything"


def test_a_cell_that_is_not_python_offers_nothing() -> None:
    assert [one.parameter.name for one in suggest_parameters(notebook("x = = 1", "y = 1"))] == ["y"]


def test_a_notebook_with_a_parameters_cell_or_in_another_language_is_offered_nothing() -> None:
    assert suggest_parameters(notebook("x = 1", tags=("parameters",))) == ()
    assert suggest_parameters(notebook("x = 1", language="R")) == ()


def test_cells_far_down_hold_results_and_not_settings() -> None:
    assert suggest_parameters(notebook(*["pass"] * 5, "x = 1")) == ()
