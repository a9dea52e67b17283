"""A notebook's parameters as a JSON Schema that other tools read."""

import jsonschema_rs

from gristmill.notebooks.json_schema import to_json_schema
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.python_parameters import cell_parameters

SOURCE = """\
n: int  # how many
rate: float = 0.1  # learning rate, (0, 1]
start = date(2024, 1, 1)
at: datetime | None = None
mode: Literal["a", "b"] | None = "a"
columns = ["x"]  # one of: x, y
other = compute()
"""


def test_every_property_says_what_the_source_says() -> None:
    document = to_json_schema(ParameterSchema(language="python", cell=0, parameters=cell_parameters(SOURCE)), "nb")
    jsonschema_rs.meta.validate(document)
    assert document == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nb",
        "type": "object",
        "additionalProperties": False,
        "required": ["n"],
        "properties": {
            "n": {"type": "integer", "description": "how many"},
            "rate": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "learning rate",
                "default": 0.1,
            },
            "start": {"type": "string", "format": "date", "default": "2024-01-01"},
            "at": {"type": ["string", "null"], "format": "date-time", "default": None},
            "mode": {"enum": ["a", "b", None], "default": "a"},
            "columns": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}, "default": ["x"]},
            "other": {},
        },
    }


def test_a_dictionary_says_what_its_values_are() -> None:
    parameters = cell_parameters("a: dict[str, float] = {}\nb: dict[str, list[int]] = {}\nc: dict = {}")
    document = to_json_schema(ParameterSchema(language="python", cell=0, parameters=parameters), "nb")
    said = [one.get("additionalProperties") for one in document["properties"].values()]
    assert said == [{"type": "number"}, None, None]


def test_a_notebook_that_cannot_be_read_takes_anything() -> None:
    document = to_json_schema(ParameterSchema(language="R", cell=0, checked=False), "nb")
    assert document["additionalProperties"] is True
    assert "required" not in document


def test_the_defaults_hold_against_their_own_schema() -> None:
    parameters = cell_parameters(SOURCE.replace("n: int", "n: int = 3"))
    document = to_json_schema(ParameterSchema(language="python", cell=0, parameters=parameters), "nb")
    given = {name: one["default"] for name, one in document["properties"].items() if "default" in one}
    jsonschema_rs.Draft202012Validator(document).validate(given)
