"""Every form of a request becomes rows of the signature's columns; every fault names its row and column."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Batch, Takes, join
from gristmill.serving.errors import LoadError
from tests.serving_kit.functions import COLUMNS, signature_of

NAMES = [column["name"] for column in COLUMNS]
ROWS: list[list[Any]] = [[1.5, 2, "KS"], [None, 3, None]]
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
BY_COLUMN = {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}

FORMS: list[tuple[str, Any]] = [
    ("dataframe_split", {"columns": NAMES, "data": ROWS}),
    ("dataframe_split", {"columns": NAMES, "data": ROWS, "index": [7, 8]}),
    ("dataframe_split", {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}),
    ("dataframe_split", {"columns": [*NAMES, "more"], "data": [[*row, {}] for row in ROWS]}),
    ("dataframe_records", RECORDS),
    ("dataframe_records", [{**record, "more": 1} for record in RECORDS]),
    ("instances", RECORDS),
    ("instances", BY_COLUMN),
    ("inputs", RECORDS),
    ("inputs", BY_COLUMN),
]


def frame(batch: Batch, takes: Takes = Takes.FRAME) -> pd.DataFrame:
    data = batch.data(takes)
    assert isinstance(data, pd.DataFrame)
    return data


@pytest.mark.parametrize(("form", "value"), FORMS)
@pytest.mark.parametrize("takes", [Takes.FRAME, Takes.PLAIN])
def test_every_form_gives_the_same_frame(form: str, value: Any, takes: Takes) -> None:
    made = frame(signature_of(COLUMNS).parse(form, value), takes)
    assert list(made.columns) == NAMES
    assert made["minutes"].dtype == np.float64
    assert made["calls"].dtype == np.int64
    np.testing.assert_array_equal(made["minutes"].to_numpy(), [1.5, math.nan])
    assert made["calls"].tolist() == [2, 3]
    assert made["state"].iloc[0] == "KS"
    assert made["state"].isna().tolist() == [False, True]


def test_a_plain_frame_is_what_pandas_makes_of_the_same_values() -> None:
    made = frame(signature_of(COLUMNS).parse("dataframe_records", RECORDS), Takes.PLAIN)
    pd.testing.assert_frame_equal(made, pd.DataFrame(RECORDS))


def test_a_plain_frame_keeps_the_index_that_was_sent() -> None:
    batch = signature_of(COLUMNS).parse("dataframe_split", {"columns": NAMES, "data": ROWS, "index": ["p", "q"]})
    assert frame(batch, Takes.PLAIN).index.tolist() == ["p", "q"]


def test_one_row_of_plain_values_by_column_is_one_row() -> None:
    assert signature_of(COLUMNS).parse("inputs", RECORDS[0]).rows == 1


def test_a_plain_value_beside_lists_stands_for_every_row() -> None:
    batch = signature_of(COLUMNS).parse("inputs", {**BY_COLUMN, "state": "OH"})
    assert frame(batch)["state"].tolist() == ["OH", "OH"]


def test_a_list_fills_the_one_column_that_there_is() -> None:
    signature = signature_of([{"type": "string", "name": "text"}])
    for value in (["a", "b"], {"text": ["a", "b"]}, [{"text": "a"}, {"text": "b"}]):
        assert frame(signature.parse("inputs", value))["text"].tolist() == ["a", "b"]


def test_numbers_become_one_array_in_signature_order() -> None:
    signature = signature_of(
        [{"type": "double", "name": "a"}, {"type": "long", "name": "b"}, {"type": "double", "name": "c"}]
    )
    assert signature.numeric
    array = signature.parse("dataframe_records", [{"c": 3.5, "b": 2, "a": 1.5}]).data(Takes.ARRAY)
    np.testing.assert_array_equal(array, [[1.5, 2.0, 3.5]])


def test_batches_of_the_same_columns_join() -> None:
    signature = signature_of(COLUMNS)
    first, second = (signature.parse("dataframe_records", [record]) for record in RECORDS)
    assert first.joins(second)
    joined = join([first, second])
    assert joined.rows == 2
    pd.testing.assert_frame_equal(frame(joined), frame(signature.parse("dataframe_records", RECORDS)))


OPTIONAL = [*COLUMNS, {"type": "string", "name": "note", "required": False}]


def test_an_optional_column_that_nobody_sent_is_not_there() -> None:
    batch = signature_of(OPTIONAL).parse("dataframe_records", RECORDS)
    assert list(frame(batch).columns) == NAMES


def test_an_optional_column_that_some_rows_have_is_missing_in_the_others() -> None:
    batch = signature_of(OPTIONAL).parse("dataframe_records", [{**RECORDS[0], "note": "n"}, RECORDS[1]])
    assert frame(batch)["note"].isna().tolist() == [False, True]


def test_batches_with_and_without_an_optional_column_do_not_join() -> None:
    signature = signature_of(OPTIONAL)
    with_note = signature.parse("dataframe_records", [{**RECORDS[0], "note": "n"}])
    assert not with_note.joins(signature.parse("dataframe_records", [RECORDS[0]]))


UNNAMED = [{"type": "double"}, {"type": "string"}]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("dataframe_split", {"data": [[1.5, "a"]]}),
        ("dataframe_split", {"columns": ["p", "q", "r"], "data": [[1.5, "a", None]]}),
        ("dataframe_records", [{"p": 1.5, "q": "a"}]),
        ("inputs", [[1.5, "a"]]),
        ("instances", [[1.5, "a"]]),
    ],
)
def test_columns_without_names_are_known_by_their_place(form: str, value: Any) -> None:
    made = frame(signature_of(UNNAMED).parse(form, value))
    assert list(map(int, made.columns)) == [0, 1]
    assert made.iloc[0].tolist() == [1.5, "a"]


def one(**changes: Any) -> dict[str, Any]:
    return {**RECORDS[0], **changes}


FAULTS: list[tuple[str, Any, str, str]] = [
    (
        "dataframe_records",
        [RECORDS[0], one(minutes="x")],
        "row 1, column 'minutes'",
        'expected a number, got "x" (string)',
    ),
    ("dataframe_records", [one(minutes=[1])], "row 0, column 'minutes'", "expected a number, got [1] (array)"),
    ("dataframe_records", [one(calls=1.5)], "row 0, column 'calls'", "expected an integer, got 1.5 (number)"),
    ("dataframe_records", [one(calls=None)], "row 0, column 'calls'", "expected an integer, got null"),
    ("dataframe_records", [one(state=5)], "row 0, column 'state'", "expected a string, got 5 (integer)"),
    ("dataframe_records", [RECORDS[0], {"calls": 1, "state": "x"}], "row 1, column 'minutes'", "missing"),
    ("dataframe_records", {"a": 1}, "dataframe_records", "expected a list of objects, got object"),
    ("dataframe_records", "x", "dataframe_records", "expected a list of objects, got string"),
    ("dataframe_records", [], "dataframe_records", "no rows"),
    ("dataframe_records", [RECORDS[0], [1]], "dataframe_records, row 1", "expected an object, got array"),
    ("dataframe_split", [], "dataframe_split", "expected an object with columns and data, got array"),
    ("dataframe_split", {"columns": NAMES}, "dataframe_split", "no data"),
    ("dataframe_split", {"columns": NAMES, "data": ROWS, "x": 1}, "dataframe_split", "unknown keys x"),
    ("dataframe_split", {"columns": NAMES, "data": []}, "data", "no rows"),
    ("dataframe_split", {"columns": NAMES, "data": {}}, "data", "expected a list of rows, got object"),
    ("dataframe_split", {"data": ROWS}, "dataframe_split.columns", "missing"),
    ("dataframe_split", {"columns": "abc", "data": ROWS}, "dataframe_split.columns", "expected a list"),
    ("dataframe_split", {"columns": [[]], "data": [[1]]}, "dataframe_split.columns", "expected a list"),
    ("dataframe_split", {"columns": NAMES[:2], "data": [[1, 2]]}, "column 'state'", "missing"),
    ("dataframe_split", {"columns": [*NAMES, "calls"], "data": [[1, 2, "x", 3]]}, "column 'calls'", "twice"),
    ("dataframe_split", {"columns": NAMES, "data": [[1.5, 2]]}, "row 0", "expected 3 values, got 2"),
    ("dataframe_split", {"columns": NAMES, "data": [ROWS[0], 5]}, "row 1", "expected a list of 3 values, got integer"),
    ("dataframe_split", {"columns": NAMES, "data": ROWS, "index": [1]}, "dataframe_split.index", "one label for each"),
    (
        "dataframe_split",
        {"columns": NAMES, "data": [[1.5, 2, "KS"], [1.5, "2", "KS"]]},
        "row 1, column 'calls'",
        "integer",
    ),
    ("inputs", {"minutes": [1.0], "calls": [1, 2], "state": ["a"]}, "inputs", "differ in length"),
    ("inputs", {"minutes": [1.0]}, "column 'calls'", "missing"),
    ("inputs", {"minutes": [], "calls": [], "state": []}, "data", "no rows"),
    ("inputs", [[1.5, 2, "KS"]], "inputs", "3 named columns"),
    ("inputs", 5, "inputs", "expected an array or an object, got integer"),
    ("inputs", None, "inputs", "expected an array or an object, got null"),
    ("instances", [RECORDS[0], 5], "instances", "3 named columns"),
]


@pytest.mark.parametrize(("form", "value", "where", "message"), FAULTS)
def test_a_fault_says_where_it_is_and_what_was_expected(form: str, value: Any, where: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        signature_of(COLUMNS).parse(form, value)
    assert caught.value.faults[0].where == where
    assert message in caught.value.faults[0].message
    assert caught.value.message.startswith(f"{where}: ")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        signature_of(COLUMNS).parse("dataframe_records", [one(minutes="x"), one(minutes="y", calls=2)])
    assert [fault.where for fault in caught.value.faults] == ["row 0, column 'minutes'", "row 1, column 'minutes'"]
    assert caught.value.message.endswith("(and 1 more)")


def test_the_list_of_faults_is_bounded_and_the_count_is_not() -> None:
    with pytest.raises(InvalidInputError) as caught:
        signature_of(COLUMNS).parse("dataframe_records", [one(minutes="x")] * 500)
    assert len(caught.value.faults) == 20
    assert "and 499 more" in caught.value.message


def test_a_misspelt_column_is_told_by_its_nearest_name() -> None:
    with pytest.raises(InvalidInputError) as caught:
        signature_of(COLUMNS).parse("dataframe_records", [{"minuets": 1.0, "calls": 2, "state": "KS"}])
    assert caught.value.faults[0].hint == "Did you mean it by 'minuets'?"


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidInputError) as caught:
        signature_of(COLUMNS).parse("dataframe_records", [one(minutes="x" * 10_000)])
    assert len(caught.value.message) < 200


def test_a_signature_with_a_column_twice_is_refused_at_load() -> None:
    with pytest.raises(LoadError, match="twice"):
        signature_of([{"type": "double", "name": "a"}, {"type": "double", "name": "a"}])


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3))


@given(rows=st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=5))
def test_every_form_takes_or_refuses_the_same_rows(rows: list[tuple[Any, Any, Any]]) -> None:
    """Rows that one form takes, all take, and the model gets the same; faults are found at the same places."""
    records = [dict(zip(NAMES, row, strict=True)) for row in rows]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(NAMES)}
    outcomes = []
    for form, value in (
        ("dataframe_records", records),
        ("dataframe_split", {"columns": NAMES, "data": [list(row) for row in rows]}),
        ("inputs", columns),
    ):
        try:
            made: Any = signature_of(COLUMNS).parse(form, value).data(Takes.FRAME).to_dict("list")
        except InvalidInputError as error:
            made = sorted(fault.where for fault in error.faults)
        outcomes.append(str(made))
    assert len(set(outcomes)) == 1


@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=False), st.integers(-(2**53), 2**53)),
            st.integers(-(2**63), 2**63 - 1),
            st.one_of(st.none(), st.text(max_size=5)),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_rows_that_fit_reach_the_model_unchanged(rows: list[tuple[Any, Any, Any]]) -> None:
    made = signature_of(COLUMNS).parse("dataframe_split", {"columns": NAMES, "data": [list(row) for row in rows]})
    for got, sent in zip(frame(made).itertuples(index=False), rows, strict=True):
        assert all(pd.isna(value) if want is None else value == want for value, want in zip(got, sent, strict=True))
