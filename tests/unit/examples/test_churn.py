"""The churn example as it is committed: clean, and with the data that its README describes."""

import hashlib
from pathlib import Path

import nbformat
import pandas as pd

from gristmill.notebooks.model import ParameterType
from gristmill.notebooks.python_parameters import read_parameters
from gristmill.notebooks.source import read_notebook

CHURN = Path(__file__).parents[3] / "notebooks" / "examples" / "churn"
NOTEBOOK = CHURN / "train.ipynb"
DATA = CHURN / "churn.parquet"


def test_the_notebook_is_valid_and_carries_no_outputs() -> None:
    notebook = nbformat.reads(NOTEBOOK.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_every_parameter_has_a_type_a_default_and_help() -> None:
    schema = read_parameters(read_notebook(NOTEBOOK.read_bytes()))
    assert schema.cell == 1
    assert {parameter.name for parameter in schema.parameters} == {
        "data",
        "features",
        "n_estimators",
        "learning_rate",
        "max_depth",
        "subsample",
        "folds",
        "repeats",
        "holdout_size",
        "seed",
    }
    for parameter in schema.parameters:
        assert parameter.type is not ParameterType.ANY, parameter
        assert parameter.default is not None, parameter
        assert parameter.help, parameter


def test_numbers_have_ranges_and_features_has_choices() -> None:
    parameters = {p.name: p for p in read_parameters(read_notebook(NOTEBOOK.read_bytes())).parameters}
    assert parameters["features"].choices == ("all", "numeric")
    assert (parameters["learning_rate"].minimum, parameters["learning_rate"].maximum) == (0.001, 0.5)
    for parameter in parameters.values():
        if parameter.type in {ParameterType.INT, ParameterType.FLOAT}:
            assert parameter.minimum is not None, parameter
            assert parameter.maximum is not None, parameter


def test_the_data_file_is_the_one_that_the_readme_describes() -> None:
    content = DATA.read_bytes()
    assert len(content) < 200_000
    assert hashlib.sha256(content).hexdigest() in (CHURN / "README.md").read_text(encoding="utf-8")


def test_the_table_has_5000_different_customers_without_gaps() -> None:
    customers = pd.read_parquet(DATA)
    assert customers.shape == (5000, 20)
    assert not customers.isna().any(axis=None)
    assert not customers.drop(columns="churn").duplicated().any()
    assert customers["churn"].value_counts().to_dict() == {"no": 4293, "yes": 707}


def test_charges_are_minutes_times_a_fixed_tariff() -> None:
    customers = pd.read_parquet(DATA)
    for kind, tariff in {"day": 0.17, "eve": 0.085, "night": 0.045, "intl": 0.27}.items():
        difference = customers[f"total_{kind}_minutes"] * tariff - customers[f"total_{kind}_charge"]
        assert difference.abs().max() < 0.0051, kind


def test_the_readme_names_every_column() -> None:
    readme = (CHURN / "README.md").read_text(encoding="utf-8")
    for name in pd.read_parquet(DATA).columns:
        kind = next((kind for kind in ("day", "eve", "night", "intl") if name.startswith(f"total_{kind}_")), None)
        assert f"`{name.replace(f'_{kind}_', '_{day,eve,night,intl}_') if kind else name}`" in readme, name
