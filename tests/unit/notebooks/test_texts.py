"""Values typed at a command line are read by the parameter's type."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterSchema
from gristmill.notebooks.python_parameters import cell_parameters
from gristmill.notebooks.texts import check_texts, parse_text


def one(source: str) -> Parameter:
    return cell_parameters(source)[0]


def schema(source: str) -> ParameterSchema:
    return ParameterSchema(language="python", cell=0, parameters=cell_parameters(source))


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ("x = 1", "5", 5),
        ("x = 1", "-1_000", -1000),
        ("x = 1", "1e3", 1000.0),
        ("x = 1.0", "1e-3", 0.001),
        ("x = 1.0", "5", 5.0),
        ("x = True", "true", True),
        ("x = True", "False", False),
        ("x = True", "no", False),
        ("x = 'a'", "5", "5"),
        ("x = 'a'", "", ""),
        ("x = 'a'", "none", "none"),
        ("x: str | None = 'a'", "none", None),
        ("x: str | None = 'a'", '"none"', "none"),
        ("x: int | None = 1", "None", None),
        ("x: int | None = 1", "null", None),
        ("x = [1]", "[1, 2]", [1, 2]),
        ("x = {}", '{"a": 1}', {"a": 1}),
        ("x = date(2024, 1, 1)", "2024-02-29", "2024-02-29"),
        ("x: Literal['a', 1, True] = 'a'", "1", 1),
        ("x: Literal['a', 1, True] = 'a'", "true", True),
        ("x: Literal['a', None] = 'a'", "none", None),
        ("x = f()", "5", 5),
        ("x = f()", "[1]", [1]),
        ("x = f()", "hello", "hello"),
        ("x = f()", "NaN", "NaN"),
        ("x = None", "null", None),
    ],
)
def test_text_is_read_by_type(source: str, text: str, value: object) -> None:
    read = parse_text(one(source), text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("source", "text", "says"),
    [
        ("x = 1", "five", "x: must be a whole number (got 'five')"),
        ("x = 1.0", "", "x: must be a number (got '')"),
        ("x = True", "maybe", "x: must be true or false (got 'maybe')"),
        ("x = ['a']", "a,b", "x: must be a list of str values (got 'a,b')"),
        ("x = ['a']", '{"a": 1}', "x: must be a list"),
        ("x = {}", "[" * 100_000, "x: must be a dictionary"),
    ],
)
def test_text_of_another_type_is_refused(source: str, text: str, says: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_text(one(source), text)
    assert says in caught.value.message
    assert caught.value.faults[0].where == "x"


def test_a_list_that_is_not_json_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_text(one("cols = ['a']"), "a,b")
    assert caught.value.hint == """Write JSON in single quotes: -p 'cols=["a", "b"]'"""


def test_faults_of_reading_and_of_checking_come_together() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_texts(schema("a = 1\nb = 0.5  # [0, 1]\nc = 1\nd: int"), {"a": "one", "b": "7", "e": "1"})
    assert [fault.where for fault in caught.value.faults] == ["a", "b", "e", "d"]


def test_a_required_value_that_does_not_read_is_not_also_missing() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_texts(schema("a: int"), {"a": "one"})
    assert len(caught.value.faults) == 1


def test_a_name_that_nobody_knows_is_offered_all_parameters() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_texts(schema("n = 1\nx = 0.5"), {"x": "abc", "nn": "3"})
    assert {fault.where: fault.expected for fault in caught.value.faults}["nn"] == "one of: n, x"


def test_values_of_a_dictionary_are_of_its_type() -> None:
    typed = schema("n: dict[str, float] = {}")
    assert check_texts(typed, {"n": '{"a": 1}'}) == {"n": {"a": 1.0}}
    with pytest.raises(InvalidInputError) as caught:
        check_texts(typed, {"n": '{"a": "x", "b": 1, "c": null}'})
    assert [fault.where for fault in caught.value.faults] == ["n['a']", "n['c']"]
    assert caught.value.faults[0].expected == "a dictionary of float values"
    assert check_texts(schema("n: dict[str, Any] = {}"), {"n": '{"a": null}'}) == {"n": {"a": None}}


def test_texts_become_values() -> None:
    values = check_texts(schema("a = 1.0\nb: int | None = 3\nc = 'x'"), {"a": "2", "b": "none"})
    assert values == {"a": 2.0, "b": None}
    assert isinstance(values["a"], float)


plain_values = st.one_of(
    st.tuples(st.just("x = 1"), st.integers(-(2**63), 2**63)),
    st.tuples(st.just("x = 1.0"), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just("x = True"), st.booleans()),
    st.tuples(st.just("x = []"), st.lists(st.integers(-10, 10) | st.text("ab"))),
    st.tuples(st.just("x: dict = {}"), st.dictionaries(st.text("ab"), st.booleans() | st.none())),
    st.tuples(st.just("x: dict | None = None"), st.none()),
)


@given(plain_values)
def test_a_value_written_as_json_is_read_as_itself(case: tuple[str, Any]) -> None:
    source, value = case
    assert check_texts(schema(source), {"x": json.dumps(value)}) == {"x": value}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_for_text_is_taken_to_the_letter(text: str) -> None:
    assert check_texts(schema("x = 'a'"), {"x": text}) == {"x": text}
