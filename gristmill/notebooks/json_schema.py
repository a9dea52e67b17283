"""A notebook's parameters as JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12)."""

from typing import Any

from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[ParameterType, dict[str, Any]] = {
    ParameterType.INT: {"type": "integer"},
    ParameterType.FLOAT: {"type": "number"},
    ParameterType.BOOL: {"type": "boolean"},
    ParameterType.STR: {"type": "string"},
    ParameterType.LIST: {"type": "array"},
    ParameterType.DICT: {"type": "object"},
    ParameterType.DATE: {"type": "string", "format": "date"},
    ParameterType.DATETIME: {"type": "string", "format": "date-time"},
    ParameterType.LITERAL: {},
    ParameterType.ANY: {},
}


def to_json_schema(schema: ParameterSchema, title: str) -> dict[str, Any]:
    """A schema of the object of values that a run of the notebook takes."""
    document: dict[str, Any] = {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in schema.parameters},
        "additionalProperties": not schema.checked,
    }
    if required := [parameter.name for parameter in schema.parameters if parameter.required]:
        document["required"] = required
    return document


def _property(parameter: Parameter) -> dict[str, Any]:
    document = dict(_TYPES[parameter.type])
    if parameter.type is ParameterType.LIST:
        document |= _items(parameter)
    elif parameter.type is ParameterType.DICT and parameter.items:
        document["additionalProperties"] = dict(_TYPES[parameter.items])
    elif parameter.choices:
        document["enum"] = [*parameter.choices, *([None] if parameter.nullable else [])]
    if parameter.nullable and "type" in document:
        document["type"] = [document["type"], "null"]
    document |= _range(parameter)
    if parameter.help:
        document["description"] = parameter.help
    if parameter.default is not None or (parameter.nullable and not parameter.required):
        document["default"] = parameter.default
    return document


def _items(parameter: Parameter) -> dict[str, Any]:
    items = dict(_TYPES[parameter.items]) if parameter.items else {}
    if parameter.choices:
        items["enum"] = list(parameter.choices)
    return {"items": items} if items else {}


def _range(parameter: Parameter) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if parameter.minimum is not None:
        document["exclusiveMinimum" if parameter.exclusive_minimum else "minimum"] = parameter.minimum
    if parameter.maximum is not None:
        document["exclusiveMaximum" if parameter.exclusive_maximum else "maximum"] = parameter.maximum
    return document
