"""Checked values reach the notebook as the types that its author wrote."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.notebooks.injection import injected_source
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.python_parameters import cell_parameters
from gristmill.notebooks.values import check_values


def injected(source: str, **values: Any) -> dict[str, Any]:
    schema = ParameterSchema(language="python", cell=0, parameters=cell_parameters(source))
    namespace: dict[str, Any] = {}
    exec(injected_source(schema, check_values(schema, values)), namespace)  # noqa: S102 - it is what a kernel does
    return {name: namespace[name] for name in values}


@pytest.mark.parametrize(
    ("source", "given_value", "arrives"),
    [
        ("x = date(2024, 1, 1)", "2024-02-29", dt.date(2024, 2, 29)),
        (
            "x: datetime.datetime = None",
            "2024-02-29T12:00:00+00:00",
            dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
        ),
        ("x = [date(2024, 1, 1)]", ["2024-02-29"], [dt.date(2024, 2, 29)]),
        ("x: datetime.date | None = None", None, None),
        ("x = 1.0", 1, 1.0),
        ("x = 'a'", 'it\'s "so"\n\\d é', 'it\'s "so"\n\\d é'),
        ("x = None", {"a": [1, None, True]}, {"a": [1, None, True]}),
    ],
)
def test_values_arrive_typed(source: str, given_value: object, arrives: object) -> None:
    value = injected(source, x=given_value)["x"]
    assert value == arrives
    assert type(value) is type(arrives)


def test_the_cell_says_what_it_is() -> None:
    schema = ParameterSchema(language="python", cell=0, parameters=cell_parameters("x = 1\ny = 'a'"))
    assert injected_source(schema, {"x": 2, "y": "b"}) == "# Parameters\nx = 2\ny = 'b'\n"


@given(st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()))
def test_any_dictionary_arrives_as_it_is(value: dict[str, Any]) -> None:
    plain = {key.encode(errors="ignore").decode(): item for key, item in value.items() if not isinstance(item, str)}
    assert injected("x: dict = {}", x=plain)["x"] == plain
