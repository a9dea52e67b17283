"""Which secrets a notebook asks for, by its source alone."""

import json

import pytest

from gristmill.notebooks.secret_names import read_secret_names
from gristmill.notebooks.source import read_notebook


def names(*cells: str, language: str = "python") -> tuple[str, ...]:
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {"kernelspec": {"name": "k", "language": language}},
        "cells": [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in cells],
    }
    return read_secret_names(read_notebook(json.dumps(notebook).encode()))


@pytest.mark.parametrize(
    "cells",
    [
        ["import gristmill", "x = gristmill.secret('TOKEN')"],
        ["import gristmill as gm\nlogin(gm.secret(name='TOKEN'))"],
        ["from gristmill import secret", "def f():\n    return secret('TOKEN')"],
        ["from gristmill import report, secret as s\n%time s('TOKEN')\nlogin(s('TOKEN'))"],
        ["key = gristmill.secret('TOKEN')", "import gristmill"],
    ],
)
def test_a_name_is_found_however_the_verb_is_called(cells: list[str]) -> None:
    assert names(*cells) == ("TOKEN",)


def test_each_name_is_found_once_in_order() -> None:
    assert names("import gristmill as g\ng.secret('B'); g.secret('A')", "g.secret('B')") == ("B", "A")


@pytest.mark.parametrize(
    "cell",
    [
        "import gristmill\ngristmill.secret(name)",
        "import gristmill\ngristmill.secret(f'TOKEN_{stage}')",
        "import gristmill\n# gristmill.secret('TOKEN')",
        "import vault\nvault.secret('TOKEN')",
        "secret = print\nsecret('TOKEN')",
        "import gristmill\ngristmill.secret()",
        "import gristmill; gristmill.secret('TOKEN'",
        "%%bash\ngristmill.secret('TOKEN')",
    ],
)
def test_what_is_not_known_before_the_run_is_not_guessed(cell: str) -> None:
    assert names(cell) == ()


def test_other_languages_are_passed_over() -> None:
    assert names("import gristmill\ngristmill.secret('TOKEN')", language="R") == ()


def test_a_name_that_is_no_unicode_is_none() -> None:
    assert names(r"import gristmill; gristmill.secret('\ud800'); gristmill.secret('TOKEN')") == ("TOKEN",)
