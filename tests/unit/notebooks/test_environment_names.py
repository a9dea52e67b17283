"""Which environment variables a notebook reads, by its source alone."""

import json

import pytest

from gristmill.notebooks.environment_names import read_environment_names
from gristmill.notebooks.source import read_notebook


def names(*cells: str, language: str = "python") -> tuple[str, ...]:
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {"kernelspec": {"name": "k", "language": language}},
        "cells": [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in cells],
    }
    return read_environment_names(read_notebook(json.dumps(notebook).encode()))


@pytest.mark.parametrize(
    "cells",
    [
        ["import os", "x = os.environ['TOKEN']"],
        ["import os as system\nlogin(system.environ.get('TOKEN', ''))"],
        ["import os.path, os\ndef f():\n    return os.getenv('TOKEN')"],
        ["from os import environ\nlogin(environ['TOKEN'])"],
        ["from os import getenv as g, environ as e\ne.pop('TOKEN'); g(key='TOKEN')"],
        ["import os\nos.environ['TOKEN'] = os.environ['TOKEN'].strip()"],
    ],
)
def test_a_variable_is_found_however_it_is_read(cells: list[str]) -> None:
    assert names(*cells) == ("TOKEN",)


def test_each_is_found_once_in_order() -> None:
    assert names("import os\nos.environ['B']; os.getenv('A')", "os.environ['B']") == ("B", "A")


@pytest.mark.parametrize(
    "cell",
    [
        "import os\nos.environ['TOKEN'] = 'set here'",
        "import os\nos.environ[name]",
        "import os\n# os.environ['TOKEN']",
        "import settings\nsettings.environ['TOKEN']",
        "import os\nos.getenv()",
        "import os; os.environ['TOKEN'",
        "%%bash\nos.environ['TOKEN']",
    ],
)
def test_what_is_not_read_or_not_known_before_the_run_is_not_guessed(cell: str) -> None:
    assert names(cell) == ()


def test_other_languages_are_passed_over() -> None:
    assert names("import os\nos.environ['TOKEN']", language="R") == ()
