"""Arrays, objects, maps and anything: what fits, and the way to what does not."""

import math
from typing import Any

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Takes
from gristmill.serving.columns import BadValueError
from gristmill.serving.errors import LoadError
from gristmill.serving.nested import parse_type
from tests.serving_kit.functions import signature_of

DOUBLE = {"type": "double"}
WORDS = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
THING = {
    "type": "object",
    "properties": {"id": {"type": "long", "required": True}, "note": {"type": "string", "required": False}},
}
SCORES = {"type": "map", "values": DOUBLE}

TAKEN: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "array", "items": DOUBLE}, [1, 2.5], [1.0, 2.5]),
    ({"type": "array", "items": DOUBLE}, [], []),
    (WORDS, [["a", None], []], [["a", None], []]),
    (THING, {"id": 1}, {"id": 1}),
    (THING, {"id": 1, "note": None}, {"id": 1, "note": None}),
    (SCORES, {"a": 1}, {"a": 1.0}),
    ({"type": "any"}, {"x": [None]}, {"x": [None]}),
    ({"type": "sparkml_vector"}, [1, 2], [1.0, 2.0]),
]

REFUSED: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "array", "items": DOUBLE}, 1.5, ""),
    ({"type": "array", "items": DOUBLE}, [1.0, "x"], "[1]"),
    (WORDS, [["a"], ["b", 5]], "[1][1]"),
    (THING, {"id": 1.5}, ".id"),
    (THING, {"note": "x"}, ""),
    (THING, {"id": 1, "more": 2}, ""),
    (THING, [1], ""),
    (SCORES, {"a": "x"}, ".a"),
    (SCORES, [1], ""),
]


@pytest.mark.parametrize(("spec", "value", "expected"), TAKEN)
def test_a_nested_value_that_fits_is_taken(spec: dict[str, Any], value: Any, expected: Any) -> None:
    assert parse_type(spec, "column").convert(value) == expected


def test_a_missing_number_in_an_array_is_not_a_number() -> None:
    assert math.isnan(parse_type({"type": "array", "items": DOUBLE}, "column").convert([None])[0])


@pytest.mark.parametrize(("spec", "value", "path"), REFUSED)
def test_a_fault_inside_a_value_says_the_way_to_it(spec: dict[str, Any], value: Any, path: str) -> None:
    with pytest.raises(BadValueError) as caught:
        parse_type(spec, "column").convert(value)
    assert caught.value.path == path


def test_the_way_stands_behind_row_and_column() -> None:
    signature = signature_of([{**WORDS, "name": "words"}])
    with pytest.raises(InvalidInputError) as caught:
        signature.parse("dataframe_records", [{"words": []}, {"words": [["a"], [5]]}])
    assert caught.value.faults[0].where == "row 1, column 'words'[1][0]"


def test_a_signature_with_arrays_takes_one_row_by_column() -> None:
    """MLflow reads `inputs` of an object as one row where a column holds arrays or objects."""
    batch = signature_of([{**WORDS, "name": "words"}, {"type": "double", "name": "x"}]).parse(
        "inputs", {"words": [["a"]], "x": 1}
    )
    assert batch.rows == 1
    assert batch.data(Takes.FRAME)["words"].iloc[0] == [["a"]]


@pytest.mark.parametrize("spec", [{"type": "complex"}, {}, {"type": "array"}, {"type": "object"}, {"type": "map"}])
def test_a_type_that_no_signature_has_is_refused_at_load(spec: dict[str, Any]) -> None:
    with pytest.raises(LoadError, match="type"):
        parse_type(spec, "column 'x'")
