"""What a form is made of."""

from typing import Any

import pytest
from gristmill_lab.reading import read

from gristmill.core.errors import InvalidInputError


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


def code(source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": []}


def test_parameters_are_read_from_the_tagged_cell_as_it_stands_in_the_editor() -> None:
    facts = read(notebook(code("depth: int = 4  # of each tree", "parameters"), code("n = 1")))
    (depth,) = facts.parameters.parameters
    assert (depth.name, depth.default, depth.help) == ("depth", 4, "of each tree")
    assert facts.suggestions == ()


def test_without_a_parameters_cell_the_settings_at_the_top_are_suggested() -> None:
    facts = read(notebook(code("depth = 4\nrate = 0.1"), code("print(depth)")))
    assert facts.parameters.parameters == ()
    assert [one.parameter.name for one in facts.suggestions] == ["depth", "rate"]


def test_environment_variables_that_a_secret_could_be_are_named() -> None:
    facts = read(
        notebook(code("import os\nkey = os.environ['API_TOKEN']\nhome = os.environ['HOME'], os.getenv('PATH')"))
    )
    assert (facts.secrets, facts.variables) == ((), ("API_TOKEN",))


def test_a_cell_that_is_just_being_typed_is_told_of_and_breaks_nothing() -> None:
    facts = read(notebook(code("depth: int = ", "parameters")))
    assert facts.parameters.parameters == ()
    assert facts.fault


def test_what_is_no_notebook_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        read({"cells": 3})
