"""What each scalar type takes, value by value and in bulk."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.serving.columns import SCALARS, BadValueError, json_name

JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**33), 2**33),
    st.floats(),
    st.floats(width=32),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)

TAKEN: list[tuple[str, Any, Any]] = [
    ("boolean", True, True),
    ("boolean", 0, False),
    ("boolean", 1.0, True),
    ("integer", 3, 3),
    ("integer", 3.0, 3),
    ("integer", True, 1),
    ("integer", -(2**31), -(2**31)),
    ("long", 2**63 - 1, 2**63 - 1),
    ("float", 1, 1.0),
    ("double", 2**60, float(2**60)),
    ("double", True, 1.0),
    ("double", math.inf, math.inf),
    ("string", "", ""),
    ("string", "5", "5"),
    ("binary", "aGVsbG8=", b"hello"),
    ("binary", "aGVs\nbG8=\n", b"hello"),
    ("datetime", "2026-01-31", np.datetime64("2026-01-31", "ns")),
    ("datetime", "2026-01-31T12:00:00.123456789", np.datetime64("2026-01-31T12:00:00.123456789")),
]

REFUSED: dict[str, list[Any]] = {
    "boolean": [None, "true", "false", 2, 0.5, [], {}],
    "integer": [None, "3", 1.5, math.nan, math.inf, 2**31, -(2**31) - 1, [1]],
    "long": [None, "3", 1.5, 2**63, 1e300, {}],
    "float": ["1.5", "nan", 1e39, [1.0], 10**400],
    "double": ["1.5", "", [1.0], {"a": 1}, 10**400],
    "string": [5, 1.5, True, ["a"], {"a": 1}],
    "binary": [None, 5, "a", "a*==", [97]],
    "datetime": [0, 1.5, "", "now", "soon", "2026-13-01", "2026-01-31T12:00:00Z", [1], True],
}


@pytest.mark.parametrize(("kind", "value", "expected"), TAKEN)
def test_a_value_that_loses_nothing_is_taken(kind: str, value: Any, expected: Any) -> None:
    converted = SCALARS[kind].convert(value)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in REFUSED.items() for value in values])
def test_a_value_that_would_be_changed_or_guessed_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(BadValueError) as caught:
        SCALARS[kind].convert(value)
    assert caught.value.expected
    assert caught.value.got is value


@pytest.mark.parametrize(("kind", "missing"), [("float", math.nan), ("double", math.nan), ("string", math.nan)])
def test_null_is_not_a_number_where_a_column_can_hold_that(kind: str, missing: float) -> None:
    assert math.isnan(SCALARS[kind].convert(None))


def test_null_is_no_time() -> None:
    assert np.isnat(SCALARS["datetime"].convert(None))


@pytest.mark.parametrize("text", ["NaN", "null", ""])
def test_who_sends_a_missing_number_as_text_is_told_to_send_null(text: str) -> None:
    with pytest.raises(BadValueError) as caught:
        SCALARS["double"].convert(text)
    assert caught.value.hint == "Send null for a missing number."


@pytest.mark.parametrize("kind", list(SCALARS))
@given(rows=st.lists(st.tuples(JSON_VALUES, JSON_VALUES), min_size=1, max_size=4))
def test_bulk_takes_no_more_than_convert_and_makes_the_same_of_it(kind: str, rows: list[tuple[Any, Any]]) -> None:
    scalar = SCALARS[kind]
    array = scalar.bulk(rows)
    if array is None:
        return
    converted = scalar.array([tuple(scalar.convert(value) for value in row) for row in rows])
    assert array.dtype == converted.dtype == scalar.dtype
    assert array.shape == converted.shape == (len(rows), 2)
    assert repr(array.tolist()) == repr(converted.tolist())


@given(rows=st.lists(st.tuples(st.floats(width=32), st.integers(-(2**20), 2**20)), min_size=1, max_size=4))
def test_ordinary_numbers_go_in_bulk(rows: list[tuple[Any, Any]]) -> None:
    for kind in ("float", "double"):
        assert SCALARS[kind].bulk(rows) is not None


@pytest.mark.parametrize(("value", "name"), [(None, "null"), (True, "boolean"), (1, "integer"), ([], "array")])
def test_json_names_types_for_messages(value: Any, name: str) -> None:
    assert json_name(value) == name
