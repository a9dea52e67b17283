"""Notebooks in other languages say as much as papermill infers."""

import json
import sys

import pytest

from gristmill.notebooks.model import ParameterType
from gristmill.notebooks.other_languages import infer_parameters
from gristmill.notebooks.source import NotebookSource, read_notebook

pytest.importorskip("papermill")


def notebook(source: str, *, kernel: str, language: str) -> NotebookSource:
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}
    spec = {"kernelspec": {"name": kernel, "language": language}}
    return read_notebook(json.dumps({"nbformat": 4, "metadata": spec, "cells": [cell]}).encode())


@pytest.mark.parametrize(("kernel", "language"), [("ir", "R"), ("julia-1.11", "julia"), ("xcpp", "C++")])
def test_languages_that_papermill_does_not_read_have_a_cell_and_no_parameters(kernel: str, language: str) -> None:
    schema = infer_parameters(notebook("x <- 1", kernel=kernel, language=language))
    assert (schema.cell, schema.parameters, schema.checked, schema.language) == (0, (), False, language)


def test_what_a_registered_translator_infers_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from papermill import translators

    mine = translators.PapermillTranslators()
    mine.register("mine", translators.PythonTranslator)
    monkeypatch.setattr(translators, "papermill_translators", mine)
    source = "x: int = 3 # how many\nname = 'a'\nitems = [1, 2]\nother = compute()"
    schema = infer_parameters(notebook(source, kernel="mine", language="mine"))
    assert not schema.checked
    assert [(one.name, one.type, one.default, one.help) for one in schema.parameters] == [
        ("x", ParameterType.INT, 3, "how many"),
        ("name", ParameterType.ANY, "a", None),
        ("items", ParameterType.ANY, [1, 2], None),
        ("other", ParameterType.ANY, None, None),
    ]


def test_without_papermill_nothing_is_inferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "papermill.translators", None)
    assert infer_parameters(notebook("x <- 1", kernel="ir", language="R")).parameters == ()
