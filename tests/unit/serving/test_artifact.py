"""An MLflow model's folder is read without MLflow, and never left."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gristmill.serving.artifact import MLMODEL, ORIGIN, confined, example_body, read_model
from gristmill.serving.errors import LoadError

INPUTS = [{"type": "double", "name": "a", "required": True}]


def write(root: Path, **changes: Any) -> Path:
    document: dict[str, Any] = {
        "flavors": {"python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.11.7"}, "sklearn": {}},
        "mlflow_version": "3.17.2",
        "signature": {"inputs": json.dumps(INPUTS), "outputs": None, "params": None},
    }
    (root / MLMODEL).write_text(yaml.safe_dump({**document, **changes}), "utf-8")
    return root


def test_what_mlmodel_says_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "scikit-learn==1.9.1  # why\n\n# a comment\n-r more.txt\nxgboost\n", "utf-8"
    )
    folder = read_model(write(tmp_path))
    assert folder.inputs == INPUTS
    assert (folder.outputs, folder.params, folder.example) == (None, None, None)
    assert (folder.python_version, folder.mlflow_version) == ("3.11.7", "3.17.2")
    assert folder.requirements == ("scikit-learn==1.9.1", "xgboost")
    assert not folder.own_registry


def test_files_that_the_supervisor_brought_are_from_this_registry(tmp_path: Path) -> None:
    (tmp_path / ORIGIN).write_text("{}", "utf-8")
    assert read_model(write(tmp_path)).own_registry


@pytest.mark.parametrize("content", ["", "[1]", "a: b: c", "{}", "flavors: []", "flavors: {}", "flavors: {sklearn: 5}"])
def test_a_broken_mlmodel_is_explained(tmp_path: Path, content: str) -> None:
    (tmp_path / MLMODEL).write_text(content, "utf-8")
    with pytest.raises(LoadError) as caught:
        read_model(tmp_path)
    assert MLMODEL in caught.value.message


def test_a_folder_without_mlmodel_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no MLmodel"):
        read_model(tmp_path)


@pytest.mark.parametrize("inputs", ["{", '"x"', "[1]"])
def test_a_broken_signature_is_explained(tmp_path: Path, inputs: str) -> None:
    with pytest.raises(LoadError, match="signature's inputs"):
        read_model(write(tmp_path, signature={"inputs": inputs}))


@pytest.mark.parametrize("relative", ["../secret", "/etc/passwd", "a/../../secret", "link/secret"])
def test_no_path_leaves_the_folder(tmp_path: Path, relative: str) -> None:
    root = tmp_path / "model"
    root.mkdir()
    (tmp_path / "secret").write_text("", "utf-8")
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(LoadError, match="leaves the model's folder"):
        confined(root, relative)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"model\.skops"):
        read_model(write(tmp_path)).file("model.skops")


def test_the_serving_example_is_the_body_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "serving_input_example.json").write_text('{"inputs": [1]}', "utf-8")
    info = {
        "artifact_path": "input_example.json",
        "serving_input_path": "serving_input_example.json",
        "type": "ndarray",
    }
    assert read_model(write(tmp_path, saved_input_example_info=info)).example == b'{"inputs": [1]}'


def test_an_older_models_example_becomes_a_body(tmp_path: Path) -> None:
    (tmp_path / "input_example.json").write_text('{"columns": ["a"], "data": [[1.0]]}', "utf-8")
    info = {"artifact_path": "input_example.json", "type": "dataframe", "pandas_orient": "split"}
    folder = read_model(write(tmp_path, saved_input_example_info=info))
    assert folder.example is not None
    assert json.loads(folder.example) == {"dataframe_split": {"columns": ["a"], "data": [[1.0]]}}


@pytest.mark.parametrize(
    ("content", "info", "body"),
    [
        ({"data": [[1]]}, {"type": "dataframe", "pandas_orient": "values"}, {"dataframe_split": {"data": [[1]]}}),
        ([[1]], {"type": "dataframe", "pandas_orient": "values"}, {"dataframe_split": {"data": [[1]]}}),
        ([{"a": 1}], {"type": "dataframe", "pandas_orient": "records"}, {"dataframe_records": [{"a": 1}]}),
        ([[1.0]], {"type": "ndarray"}, {"inputs": [[1.0]]}),
        ({"inputs": [[1.0]]}, {"type": "ndarray", "format": "tf-serving"}, {"inputs": [[1.0]]}),
        ({"a": 1}, {"type": "json_object"}, {"inputs": {"a": 1}}),
        (
            {"inputs": {"a": 1}, "params": {"p": 2}},
            {"type": "json_object", "params": "true"},
            {"inputs": {"a": 1}, "params": {"p": 2}},
        ),
        ({"data": [], "indices": []}, {"type": "sparse_matrix_csr"}, None),
    ],
)
def test_every_form_of_example_becomes_a_body(content: Any, info: dict[str, Any], body: Any) -> None:
    assert example_body(content, info) == body


def test_an_example_that_cannot_be_read_is_a_note_and_no_failure(tmp_path: Path) -> None:
    info = {"artifact_path": "input_example.json", "type": "dataframe"}
    assert "missing" in read_model(write(tmp_path, saved_input_example_info=info)).notes[0]
    (tmp_path / "input_example.json").write_text("{", "utf-8")
    assert "not JSON" in read_model(write(tmp_path, saved_input_example_info=info)).notes[0]
