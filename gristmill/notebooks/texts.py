"""Values as people type them at a command line, `-p name=value`, read by the type that the schema gives."""

import json
from collections.abc import Mapping
from typing import Any

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.notebooks.values import check_values, expected

_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_NONE = {"none", "null"}


def check_texts(schema: ParameterSchema, given: Mapping[str, str]) -> dict[str, Any]:
    """`check_values` for values that are still text.

    Raises:
        InvalidInputError: one, with the faults of reading and of checking.
    """
    known = {parameter.name: parameter for parameter in schema.parameters}
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, text in given.items():
        try:
            values[name] = parse_text(known.get(name), text)
        except InvalidInputError as error:
            faults += error.faults
    try:
        checked = check_values(schema, values, unread=given.keys() - values.keys())
    except InvalidInputError as error:
        if not faults:
            raise
        faults += error.faults
    if faults:
        message = faults[0].message if len(faults) == 1 else f"{len(faults)} faults in the parameters"
        raise InvalidInputError(message, hint=faults[0].hint if len(faults) == 1 else None, faults=tuple(faults))
    return checked


def parse_text(parameter: Parameter | None, text: str) -> Any:
    """The value that `text` stands for; its range and choices are `check_values`' business.

    `none` is None where the parameter may be that; then `"none"` in quotes is the word. Lists and dictionaries are
    JSON. A name that nobody knows, or of any type, is JSON where it reads as such, and else the text itself.

    Raises:
        InvalidInputError: with one fault, where the text is none of the parameter's type.
    """
    if parameter is None or parameter.type is ParameterType.ANY:
        return _any(text)
    if parameter.nullable and text.strip().lower() in _NONE:
        return None
    try:
        return _typed(parameter, text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(parameter, text) from error


def _typed(parameter: Parameter, text: str) -> Any:
    match parameter.type:
        case ParameterType.INT:
            return _int(text)
        case ParameterType.FLOAT:
            return float(text)
        case ParameterType.BOOL:
            return _bool(text)
        case ParameterType.LIST:
            return _json(text, list)
        case ParameterType.DICT:
            return _json(text, dict)
        case ParameterType.LITERAL:
            return next((choice for choice in parameter.choices if _same(choice, text)), text)
        case ParameterType.STR if parameter.nullable and text in {'"none"', '"null"'}:
            return text.strip('"')
        case _:
            return text


def _int(text: str) -> int | float:
    """`1000`, `1_000` and `1e3`; a fraction is left for the check to refuse."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _bool(text: str) -> bool:
    if text.strip().lower() not in _BOOLS:
        raise ValueError(text)
    return _BOOLS[text.strip().lower()]


def _json(text: str, kind: type) -> Any:
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(text)  # noqa: TRY004 - said to the person as one more text that does not read
    return value


def _any(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _same(choice: Any, text: str) -> bool:
    return text == choice if isinstance(choice, str) else text.strip().lower() == str(choice).lower()


def _unreadable(parameter: Parameter, text: str) -> InvalidInputError:
    asked = expected(parameter)
    shown = text if len(text) <= 80 else text[:80] + "…"
    hints = {
        ParameterType.LIST: f"""Write JSON in single quotes: -p '{parameter.name}=["a", "b"]'""",
        ParameterType.DICT: f"""Write JSON in single quotes: -p '{parameter.name}={{"a": 1}}'""",
    }
    fault = Fault(
        where=parameter.name,
        message=f"{parameter.name}: must be {asked} (got {shown!r})",
        got=shown,
        expected=asked,
        hint=hints.get(parameter.type),
    )
    return InvalidInputError(fault.message, hint=fault.hint, faults=(fault,))
