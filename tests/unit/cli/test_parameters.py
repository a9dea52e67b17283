"""`gristmill parameters`: what a notebook takes, without a control plane."""

import json
from pathlib import Path

from typer.testing import CliRunner

from gristmill.cli.main import app

PARAMETERS = """\
depth: int = 4  # of a tree, 1..12
rate = 0.1
columns: list[str] = ["a"]
target: str  # what to predict
since = load()
"""


def write(folder: Path, *cells: tuple[str, list[str]], language: str = "python", name: str = "work.ipynb") -> str:
    path = folder / name
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "k", "display_name": "k", "language": language}},
        "cells": [
            {"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": None}
            for source, tags in cells
        ],
    }
    path.write_text(json.dumps(content))
    return str(path)


def test_names_defaults_ranges_and_help_are_a_table(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parameters", write(tmp_path, (PARAMETERS, ["parameters"]))])
    assert result.exit_code == 0
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    shown = {row[0]: [part.strip() for part in row[1:] if part.strip()] for row in rows}
    assert shown["depth"] == ["4", "a whole number from 1 to 12", "of a tree"]
    assert shown["columns"] == ['["a"]', "a list of str values"]
    assert shown["target"] == ["required", "text", "what to predict"]
    assert shown["since"][0] == "its own"


def test_json_is_a_json_schema(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parameters", write(tmp_path, (PARAMETERS, ["parameters"])), "--json"])
    schema = json.loads(result.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "work"
    assert schema["properties"]["depth"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 12,
        "description": "of a tree",
        "default": 4,
    }
    assert schema["required"] == ["target"]


def test_without_a_parameters_cell_plain_assignments_are_offered(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parameters", write(tmp_path, ("depth = 4", []))])
    assert result.exit_code == 0
    assert "has no cell tagged 'parameters'" in result.stderr
    assert "if cell 1 carried the tag" in result.stderr
    assert "depth  4" in result.stdout


def test_a_parameters_cell_that_assigns_nothing_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parameters", write(tmp_path, ("", ["parameters"]))])
    assert result.stderr == "The cell tagged 'parameters' assigns nothing.\n"


def test_another_language_is_said_to_be_unchecked(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parameters", write(tmp_path, ("n <- 1", ["parameters"]), language="R")])
    assert result.exit_code == 0
    assert "passed on as they are" in result.stderr


def test_a_notebook_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, ("1", []), name="train.ipynb")
    result = CliRunner().invoke(app, ["parameters", str(tmp_path / "trian.ipynb")])
    assert result.exit_code == 4
    assert f"Did you mean {tmp_path / 'train.ipynb'}?" in result.stderr


def test_what_is_no_notebook_is_said_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    result = CliRunner().invoke(app, ["parameters", str(path)])
    assert result.exit_code == 3
    assert str(path) in result.stderr
    assert "not JSON" in result.stderr


def test_a_folder_is_no_notebook(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parameters", str(tmp_path)])
    assert result.exit_code == 3


def test_all_faults_of_the_values_are_told_before_a_control_plane_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, (PARAMETERS, ["parameters"]))
    arguments = ["run", path, "-p", "dept=3", "-p", "rate=fast", "-p", "depth=99"]
    result = CliRunner(env={"GRISTMILL_HOME": str(tmp_path / "home")}).invoke(app, arguments)
    assert result.exit_code == 3
    for said in ("Did you mean 'depth'?", "rate: must be a number", "(got 99)", "'target' is required"):
        assert said in result.stderr
    assert not (tmp_path / "home").exists()
