"""Signatures of tensors: type, shape, and the forms that fill them."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Batch, Takes, join
from gristmill.serving.errors import LoadError
from tests.serving_kit.functions import signature_of


def tensor(dtype: str, shape: list[int], name: str | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}
    return spec if name is None else {**spec, "name": name}


MATRIX = signature_of([tensor("float64", [-1, 2])])
NAMED = signature_of([tensor("float32", [-1, 2], "points"), tensor("int64", [-1], "weights")])


def array(batch: Batch) -> Any:
    return batch.data(Takes.FRAME)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("inputs", [[1, 2], [3, None]]),
        ("instances", [[1.0, 2.0], [3.0, None]]),
        ("dataframe_split", {"columns": ["a", "b"], "data": [[1, 2], [3, None]]}),
        ("dataframe_split", {"data": [[1, 2], [3, None]]}),
        ("dataframe_split", {"columns": ["all"], "data": [[[1, 2]], [[3, None]]]}),
        ("dataframe_records", [{"a": 1, "b": 2}, {"a": 3, "b": None}]),
    ],
)
def test_every_form_fills_the_one_tensor(form: str, value: Any) -> None:
    made = array(MATRIX.parse(form, value))
    assert made.dtype == np.float64
    np.testing.assert_array_equal(made, [[1, 2], [3, np.nan]])


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("inputs", {"points": [[1, 2], [3, 4]], "weights": [5, 6]}),
        ("instances", [{"points": [1, 2], "weights": 5}, {"points": [3, 4], "weights": 6, "more": 1}]),
        ("dataframe_split", {"columns": ["weights", "points"], "data": [[5, [1, 2]], [6, [3, 4]]]}),
        ("dataframe_records", [{"points": [1, 2], "weights": 5}, {"points": [3, 4], "weights": 6}]),
    ],
)
def test_every_form_fills_tensors_by_name(form: str, value: Any) -> None:
    made = array(NAMED.parse(form, value))
    assert made["points"].dtype == np.float32
    np.testing.assert_array_equal(made["points"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(made["weights"], [5, 6])


def test_a_flat_list_in_a_column_takes_the_shape_of_its_tensor() -> None:
    signature = signature_of([tensor("float64", [-1, 2, 2], "image")])
    made = array(signature.parse("dataframe_records", [{"image": [1, 2, 3, 4]}]))
    np.testing.assert_array_equal(made["image"], [[[1, 2], [3, 4]]])


REFUSED: list[tuple[list[dict[str, Any]], str, Any, str]] = [
    ([tensor("float64", [-1, 2])], "inputs", [[1, 2, 3]], "expected the shape [-1, 2], got [1, 3]"),
    ([tensor("float64", [-1, 2])], "inputs", [1, 2], "expected the shape [-1, 2], got [2]"),
    ([tensor("float64", [-1, 2])], "inputs", [[1, 2], [3]], "equal lengths"),
    ([tensor("float64", [-1, 2])], "inputs", [["a", "b"]], 'expected float64, got "a"'),
    ([tensor("float64", [-1, 2])], "inputs", [[1, "b"]], 'expected float64, got "b"'),
    ([tensor("float64", [-1, 2])], "inputs", [[1, None, "b"]], 'expected float64, got "b"'),
    ([tensor("float64", [-1, 2])], "inputs", {"a": 1}, "expected one array, got object"),
    ([tensor("float64", [-1, 2])], "inputs", 5, "expected one array, got integer"),
    ([tensor("float64", [-1, 2])], "inputs", [], "expected the shape"),
    ([tensor("float64", [-1])], "inputs", [], "no rows"),
    ([tensor("float64", [-1, 2])], "dataframe_split", {"data": [[1, 2, 3]]}, "got 3 columns"),
    ([tensor("float64", [-1, 2])], "dataframe_split", {"data": []}, "at least one row"),
    ([tensor("float64", [-1, 2])], "dataframe_split", {"data": [[1, 2], [1]]}, "row 1: expected a list of 2 values"),
    ([tensor("float64", [-1, 2])], "dataframe_records", [{"a": 1}, {"b": 1}], "row 1: expected the keys of row 0"),
    ([tensor("float64", [-1, 2])], "dataframe_records", 5, "expected a list of objects"),
    ([tensor("int64", [-1])], "inputs", [1, 2.5], "position [1]: expected int64, got 2.5"),
    ([tensor("uint8", [-1])], "inputs", [1, 256], "position [1]: expected uint8, got 256"),
    ([tensor("uint8", [-1])], "inputs", [-1], "position [0]: expected uint8, got -1"),
    ([tensor("int64", [-1])], "inputs", [None], "expected int64, got null"),
    ([tensor("bool", [-1])], "inputs", [2], "position [0]: expected bool, got 2"),
    ([tensor("float32", [-1])], "inputs", [1e300], "position [0]: expected float32"),
    ([tensor("str", [-1])], "inputs", ["a", 5], "expected strings, got 5"),
    ([tensor("float32", [-1], "x"), tensor("int64", [-1], "y")], "inputs", {"x": [1]}, "input 'y': missing"),
    ([tensor("float32", [-1], "x"), tensor("int64", [-1], "y")], "inputs", [1], "one array for each input"),
    ([tensor("float32", [-1], "x"), tensor("int64", [-1], "y")], "instances", [{"x": 1}], "row 0, input 'y': missing"),
    ([tensor("float32", [-1], "x"), tensor("int64", [-1], "y")], "dataframe_records", [{"x": 1}], "input 'y': missing"),
    ([tensor("float64", [-1, 2, 2], "x")], "dataframe_records", [{"x": [1, 2, 3]}], "expected the shape"),
]


@pytest.mark.parametrize(("specs", "form", "value", "message"), REFUSED)
def test_what_does_not_fit_is_refused(specs: list[dict[str, Any]], form: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        signature_of(specs).parse(form, value)
    assert message in caught.value.message


def test_text_is_taken_where_the_tensor_is_text() -> None:
    made = array(signature_of([tensor("str", [-1])]).parse("inputs", ["a", "bc"]))
    assert made.tolist() == ["a", "bc"]


def test_anything_is_taken_where_the_tensor_is_of_objects() -> None:
    made = array(signature_of([tensor("object", [-1])]).parse("inputs", ["a", {"b": 1}]))
    assert made.tolist() == ["a", {"b": 1}]


def test_tensors_of_the_same_shape_join() -> None:
    first, second = (MATRIX.parse("inputs", [[value, value]]) for value in (1, 2))
    assert first.joins(second)
    np.testing.assert_array_equal(array(join([first, second])), [[1, 1], [2, 2]])


def test_tensors_that_differ_in_shape_do_not_join() -> None:
    signature = signature_of([tensor("float64", [-1, -1])])
    assert not signature.parse("inputs", [[1]]).joins(signature.parse("inputs", [[1, 2]]))


def test_a_tensor_without_a_row_axis_joins_nothing() -> None:
    assert not signature_of([tensor("float64", [1, 2])]).joinable


@pytest.mark.parametrize("broken", [{"type": "tensor"}, tensor("nothing", [-1]), tensor("float64", ["x"])])  # type: ignore[list-item]
def test_a_tensor_that_cannot_be_read_is_refused_at_load(broken: dict[str, Any]) -> None:
    with pytest.raises(LoadError, match="cannot be read"):
        signature_of([broken])


def test_tensors_and_columns_do_not_mix() -> None:
    with pytest.raises(LoadError, match="mixes"):
        signature_of([tensor("float64", [-1], "x"), {"type": "double", "name": "y"}])


@given(
    value=arrays.arrays(
        st.sampled_from([np.uint8, np.int32, np.int64, np.float64, np.bool_]),
        arrays.array_shapes(min_dims=1, max_dims=3, max_side=3),
        elements={"allow_infinity": False},
    )
)
def test_an_array_survives_its_way_through_json(value: Any) -> None:
    spec = tensor(value.dtype.name, [-1, *value.shape[1:]])
    nested = orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))  # NaN becomes null
    made = array(signature_of([spec]).parse("inputs", nested))
    assert made.dtype == value.dtype
    np.testing.assert_array_equal(made, value)
