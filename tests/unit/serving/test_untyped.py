"""Without a signature the values go to the model as MLflow would send them; only the form is checked."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Takes
from tests.serving_kit.functions import signature_of

UNTYPED = signature_of(None)
HINTED = signature_of([{"type": "string"}], from_type_hint=True)


def data(form: str, value: Any, signature: Any = UNTYPED) -> Any:
    return signature.parse(form, value).data(Takes.PLAIN)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("dataframe_split", {"columns": ["a", "b"], "data": [[1, "x"]], "index": [5]}),
        ("dataframe_records", [{"a": 1, "b": "x"}]),
    ],
)
def test_tables_become_frames(form: str, value: Any) -> None:
    frame = data(form, value)
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict("list") == {"a": [1], "b": ["x"]}


@pytest.mark.parametrize("form", ["inputs", "instances"])
def test_lists_become_arrays(form: str) -> None:
    np.testing.assert_array_equal(data(form, [[1.0, 2.0]]), [[1.0, 2.0]])


def test_rows_by_name_become_arrays_by_name() -> None:
    made = data("instances", [{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    assert {name: array.tolist() for name, array in made.items()} == {"x": [1, 3], "y": [2, 4]}


def test_a_list_of_objects_in_inputs_stays_one() -> None:
    assert [list(row) for row in data("inputs", [{"x": 1}, {"x": 2}])] == [["x"], ["x"]]


def test_nothing_is_joined() -> None:
    assert not UNTYPED.joinable
    assert UNTYPED.metadata() == []


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("dataframe_split", [1]),
        ("dataframe_split", {"columns": ["a"]}),
        ("dataframe_split", {"data": [[1]], "x": 1}),
        ("dataframe_split", {"columns": ["a", "b"], "data": [[1]]}),
        ("dataframe_split", {"data": []}),
        ("dataframe_records", {"a": 1}),
        ("dataframe_records", []),
        ("instances", [{"x": 1}, {"y": 1}]),
        ("inputs", [[1.0], [1.0, 2.0]]),
        ("inputs", {"x": [[1.0], [1.0, 2.0]]}),
    ],
)
def test_what_is_no_table_and_no_array_is_refused(form: str, value: Any) -> None:
    with pytest.raises(InvalidInputError):
        data(form, value)


def test_a_model_with_type_hints_gets_its_inputs_as_they_came() -> None:
    value = [{"a": 1}, {"b": [2]}]
    assert data("inputs", value, HINTED) is value


@pytest.mark.parametrize("form", ["instances", "dataframe_split", "dataframe_records"])
def test_a_model_with_type_hints_takes_no_other_form(form: str) -> None:
    with pytest.raises(InvalidInputError, match="type hints"):
        data(form, [], HINTED)
