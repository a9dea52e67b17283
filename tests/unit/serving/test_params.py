"""Inference parameters are checked against the schema and filled with its defaults."""

from datetime import date, datetime
from typing import Any

import pytest

from gristmill.core.errors import InvalidInputError
from gristmill.serving.errors import LoadError
from gristmill.serving.params import ParamSchema

SPECS: list[dict[str, Any]] = [
    {"name": "factor", "type": "double", "default": 1.0, "shape": None},
    {"name": "count", "type": "long", "default": 2, "shape": None},
    {"name": "loud", "type": "boolean", "default": False, "shape": None},
    {"name": "word", "type": "string", "default": "a", "shape": None},
    {"name": "when", "type": "datetime", "default": "2026-01-31", "shape": None},
    {"name": "tags", "type": "string", "default": ["a"], "shape": [-1]},
    {
        "name": "options",
        "type": "object",
        "properties": {"depth": {"type": "long", "required": True}},
        "default": {"depth": 1},
        "shape": None,
    },
]
DEFAULTS = {spec["name"]: spec["default"] for spec in SPECS}


def test_what_is_not_given_has_its_default() -> None:
    assert ParamSchema(SPECS).convert(None) == DEFAULTS
    assert ParamSchema(SPECS).convert({}) == DEFAULTS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"factor": 2}, {"factor": 2.0}),
        ({"count": 5}, {"count": 5}),
        ({"loud": True}, {"loud": True}),
        ({"word": None}, {"word": None}),
        ({"when": "2026-02-01"}, {"when": date(2026, 2, 1)}),
        ({"when": "2026-02-01T10:00:00"}, {"when": datetime(2026, 2, 1, 10)}),  # noqa: DTZ001 - as MLflow reads it
        ({"tags": []}, {"tags": []}),
        ({"tags": ["x", "y"]}, {"tags": ["x", "y"]}),
        ({"options": {"depth": 3}}, {"options": {"depth": 3}}),
        ({"unknown": 1}, {}),
    ],
)
def test_what_is_given_and_fits_is_taken(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert ParamSchema(SPECS).convert(given) == {**DEFAULTS, **expected}


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ([1], "params"),
        ("x", "params"),
        ({"factor": "2"}, "params.factor"),
        ({"factor": True}, "params.factor"),
        ({"count": 1.5}, "params.count"),
        ({"count": 2**70}, "params.count"),
        ({"loud": 1}, "params.loud"),
        ({"word": 5}, "params.word"),
        ({"when": 5}, "params.when"),
        ({"when": "soon"}, "params.when"),
        ({"tags": "x"}, "params.tags"),
        ({"tags": ["x", 5]}, "params.tags"),
        ({"options": {"depth": "x"}}, "params.options.depth"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: Any, where: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ParamSchema(SPECS).convert(given)
    assert caught.value.faults[0].where == where


def test_without_a_schema_parameters_are_ignored() -> None:
    assert ParamSchema(None).convert({"a": 1}) is None
    assert ParamSchema(None).convert([1]) is None


def test_a_parameter_that_cannot_be_read_is_refused_at_load() -> None:
    with pytest.raises(LoadError, match="default"):
        ParamSchema([{"name": "x", "type": "double"}])
