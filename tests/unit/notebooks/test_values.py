"""Values are normalised or refused, with every fault at once."""

import json
import math
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.notebooks.json_schema import to_json_schema
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.notebooks.python_parameters import cell_parameters
from gristmill.notebooks.values import check_values, defaults, expected


def schema(source: str) -> ParameterSchema:
    return ParameterSchema(language="python", cell=0, parameters=cell_parameters(source))


def faults(source: str, **given_values: Any) -> tuple[Fault, ...]:
    with pytest.raises(InvalidInputError) as caught:
        check_values(schema(source), given_values)
    return caught.value.faults


@pytest.mark.parametrize(
    ("source", "value", "normal"),
    [
        ("x = 1", 5, 5),
        ("x = 1", 5.0, 5),
        ("x = 1", 2**63, 2**63),
        ("x = 1.0", 5, 5.0),
        ("x = 1.0", Fraction(1, 2), 0.5),
        ("x = True", False, False),
        ("x = 'a'", "b", "b"),
        ("x: int | None = 1", None, None),
        ("x = None", None, None),
        ("x = None", {"a": [1, "b"]}, {"a": [1, "b"]}),
        ("x = compute()", 3, 3),
        ("x = [1]", (2, 3.0), [2, 3]),
        ("x = [0.5]", [1], [1.0]),
        ("x = [1, 'a']", [None, {}], [None, {}]),
        ("x = {}", {"a": 1}, {"a": 1}),
        ("x = date(2024, 1, 1)", "2024-02-29", "2024-02-29"),
        ("x = date(2024, 1, 1)", date(2024, 2, 29), "2024-02-29"),
        ("x = datetime(2024, 1, 1)", "2024-02-29 12:00", "2024-02-29T12:00:00"),
        ("x = datetime(2024, 1, 1)", datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00+00:00"),
        ("x: Literal['a', 1] = 1", 1.0, 1),
        ("x: Literal['a', 1] = 1", "a", "a"),
        ("x = 'a'  # one of: a, b", "b", "b"),
        ("x = 0.5  # [0, 1]", 1, 1.0),
        ("x = ['a']  # one of: a, b", ["b", "b"], ["b", "b"]),
    ],
)
def test_a_value_is_taken_as_the_notebook_has_it(source: str, value: object, normal: object) -> None:
    taken = check_values(schema(source), {"x": value})["x"]
    assert taken == normal
    assert type(taken) is type(normal)


@pytest.mark.parametrize(
    ("source", "value", "says"),
    [
        ("x = 1", "5", "must be a whole number (got str '5')"),
        ("x = 1", 5.5, "must be a whole number (got float 5.5)"),
        ("x = 1", True, "must be a whole number (got bool True)"),
        ("x = 1.0", False, "must be a number (got bool False)"),
        ("x = 1", None, "must be a whole number (got none)"),
        ("x = 1", [1], "must be a whole number (got list [1])"),
        ("x = 1", 1e300, "an integer of more than 64 bits"),
        ("x = 1", 2**64, "an integer of more than 64 bits"),
        ("x = 1.0", math.nan, "JSON has no nan"),
        ("x = 1.0", -math.inf, "JSON has no -inf"),
        ("x = None", {"a": [math.inf]}, "['a'][0]: JSON has no inf"),
        ("x = None", {1: 2}, "keys must be strings, got 1"),
        ("x = None", object(), "JSON has no object"),
        ("x = None", "\ud800", "lone surrogate"),
        ("x = True", 1, "must be true or false (got int 1)"),
        ("x = True", "true", "must be true or false (got str 'true')"),
        ("x = 'a'", 1, "must be text (got int 1)"),
        ("x = [1]", "1", "must be a list of int values (got str '1')"),
        ("x = [1]", [1, "a"], "x[1]: must be a whole number (got str 'a')"),
        ("x = {}", [], "must be a dictionary (got list [])"),
        ("x = date(2024, 1, 1)", "31.1.2024", "must be a date such as 2026-01-31 (got '31.1.2024')"),
        ("x = date(2024, 1, 1)", "2024-02-30", "must be a date"),
        ("x = datetime(2024, 1, 1)", "noon", "must be a time such as"),
        ("x: Literal['a', 1] = 1", True, "must be one of: 'a', 1 (got bool True)"),
        ("x: Literal['a', 1] = 1", "b", "must be one of: 'a', 1 (got str 'b')"),
        ("x = 0.5  # [0, 1]", 1.5, "must be a number from 0 to 1 (got 1.5)"),
        ("x = 0.5  # (0, 1]", 0, "must be a number, over 0 and at most 1 (got 0.0)"),
        ("x = 5  # at least 1", 0, "must be a whole number, at least 1 (got 0)"),
        ("x: int | None = 5  # 1..9", 0, "must be a whole number from 1 to 9, or none (got 0)"),
        ("x = None  # 1..9", 0, "must be any JSON value from 1 to 9, or none (got 0)"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_got_and_expected(source: str, value: object, says: str) -> None:
    (fault,) = faults(source, x=value)
    assert says in fault.message
    assert fault.where.startswith("x")
    assert fault.expected
    json.dumps(fault.got, allow_nan=False).encode()


def test_every_fault_is_told_at_once() -> None:
    found = faults("a: int\nb = 0.5  # [0, 1]\nc: Literal['x'] = 'x'\nd = [1]", b=2, c="y", d=["p", "q"], nope=1)
    assert [fault.where for fault in found] == ["b", "c", "d[0]", "d[1]", "nope", "a"]


def test_one_fault_is_the_message_and_several_are_counted() -> None:
    with pytest.raises(InvalidInputError, match=r"^x: must be a whole number"):
        check_values(schema("x = 1\ny = 1"), {"x": "a"})
    with pytest.raises(InvalidInputError, match=r"^2 faults in the parameters: x, y$"):
        check_values(schema("x = 1\ny = 1"), {"x": "a", "y": "b"})


@pytest.mark.parametrize("name", ["lerning_rate", "learning_rates", "LEARNING_RATE"])
def test_the_nearest_known_name_is_offered(name: str) -> None:
    (fault,) = faults("learning_rate = 0.1\nepochs = 3", **{name: 1})
    assert fault.hint == "Did you mean 'learning_rate'?"
    assert fault.expected == "one of: learning_rate, epochs"


def test_the_nearest_choice_is_offered() -> None:
    (fault,) = faults("x = 'gini'  # one of: gini, entropy", x="gin")
    assert fault.hint == "Did you mean 'gini'?"


def test_a_missing_required_parameter_is_a_fault() -> None:
    (fault,) = faults("x: int  # how many")
    assert fault.message == "'x' is required: the notebook gives it no value"


def test_a_notebook_without_a_parameters_cell_takes_no_values() -> None:
    bare = ParameterSchema(language="python", cell=None)
    assert check_values(bare, {}) == {}
    with pytest.raises(InvalidInputError, match="no parameters cell") as caught:
        check_values(bare, {"x": 1})
    assert "Tag the cell" in (caught.value.hint or "")


def test_another_languages_values_pass_as_they_are_if_json_and_code_can_carry_them() -> None:
    other = ParameterSchema(language="R", cell=0, checked=False)
    assert check_values(other, {"anything": [1, "a"]}) == {"anything": [1, "a"]}
    with pytest.raises(InvalidInputError, match="JSON has no nan"):
        check_values(other, {"x": math.nan})
    with pytest.raises(InvalidInputError, match="not a name"):
        check_values(other, {'x <- 1; system("ls")': 1})


def test_a_long_list_of_wrong_items_is_told_briefly() -> None:
    assert len(faults("x = [1]", x=["a"] * 1000)) == 5


def test_a_huge_wrong_value_is_shown_briefly() -> None:
    (fault,) = faults("x = 1", x="a" * 10_000)
    assert len(fault.message) < 300
    assert len(fault.got) < 300


def test_a_deep_value_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    (fault,) = faults("x = None", x=deep)
    assert "nested deeper than" in fault.message


def test_defaults_are_those_that_the_source_tells() -> None:
    assert defaults(schema("a = 1\nb = f()\nc: int\nd: int | None = None")) == {"a": 1, "d": None}


def test_expected_in_words() -> None:
    words = {
        one.name: expected(one) for one in schema("a: float = 1  # 0..2\nb = ['x']\nc: bool | None = None").parameters
    }
    assert words == {"a": "a number from 0 to 2", "b": "a list of str values", "c": "true or false, or none"}


names = st.sampled_from(["a", "b", "c"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
kinds = st.sampled_from([kind for kind in ParameterType if kind is not ParameterType.LITERAL])


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    kind = draw(kinds)
    low = draw(st.none() | st.integers(-10, 10)) if kind in {ParameterType.INT, ParameterType.FLOAT} else None
    return Parameter(
        name=draw(names),
        type=kind,
        nullable=draw(st.booleans()),
        minimum=low,
        exclusive_minimum=low is not None and draw(st.booleans()),
        items=draw(st.none() | kinds) if kind is ParameterType.LIST else None,
    )


@given(parameters(), json_values)
def test_what_the_check_accepts_the_json_schema_accepts(parameter: Parameter, value: Any) -> None:
    """And it is normal: checked again it is itself, and JSON brings it back as it was."""
    one = ParameterSchema(language="python", cell=0, parameters=(parameter,))
    try:
        taken = check_values(one, {parameter.name: value})
    except InvalidInputError as error:
        json.dumps([fault.got for fault in error.faults], allow_nan=False).encode()
        return
    jsonschema_rs.Draft202012Validator(to_json_schema(one, "x")).validate(taken)
    assert check_values(one, taken) == taken
    assert json.loads(json.dumps(taken)) == taken


@given(parameters(), json_values)
def test_what_the_json_schema_refuses_the_check_refuses(parameter: Parameter, value: Any) -> None:
    one = ParameterSchema(language="python", cell=0, parameters=(parameter,))
    if not jsonschema_rs.Draft202012Validator(to_json_schema(one, "x")).is_valid({parameter.name: value}):
        with pytest.raises(InvalidInputError):
            check_values(one, {parameter.name: value})
