"""Values for a notebook's parameters: checked against its schema, all faults at once."""

import reprlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.core.nearest import nearest
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.notebooks.plain import NotPlainError, plain

MAX_ITEM_FAULTS = 5  # of one list; the rest is the same mistake
MAX_SHOWN = 80  # characters of a wrong value that are shown

_Key = TypeVar("_Key", int, str)

_ASKED = {
    ParameterType.INT: "a whole number",
    ParameterType.FLOAT: "a number",
    ParameterType.BOOL: "true or false",
    ParameterType.STR: "text",
    ParameterType.LIST: "a list",
    ParameterType.DICT: "a dictionary",
    ParameterType.DATE: "a date such as 2026-01-31",
    ParameterType.DATETIME: "a time such as 2026-01-31T12:00:00",
    ParameterType.LITERAL: "one of the choices",
    ParameterType.ANY: "any JSON value",
}


class _WrongValueError(ValueError):
    """One thing wrong with one value, at `where` inside it."""

    def __init__(self, message: str, *, hint: str | None = None, where: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.where = where


def check_values(schema: ParameterSchema, given: Mapping[str, Any], *, unread: Collection[str] = ()) -> dict[str, Any]:
    """The given values as JSON carries them and as the notebook's types ask: `1` for a float is `1.0`, dates are text.

    `unread` are names that were given a value which did not read: they are not missing.

    Raises:
        InvalidInputError: one, with a fault for each unknown name, missing, mistyped or disallowed value.
    """
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    known = {parameter.name: parameter for parameter in schema.parameters}
    for name, value in given.items():
        if not schema.checked and schema.cell is not None:
            faults += _take(values, name, value, Parameter(name=name, type=ParameterType.ANY))
        elif name in known:
            faults += _take(values, name, value, known[name])
        else:
            faults.append(_unknown(name, schema))
    faults += [_missing(one) for one in schema.parameters if one.required and one.name not in {*given, *unread}]
    if faults:
        raise _refusal(faults)
    return values


def defaults(schema: ParameterSchema) -> dict[str, Any]:
    """The values of the parameters that nobody gives, as far as the source tells them."""
    return {one.name: one.default for one in schema.parameters if one.default is not None or one.nullable}


def expected(parameter: Parameter) -> str:
    """What the parameter takes, in words: "a number from 0 to 1", "a list of text or none"."""
    text = _ASKED[parameter.type]
    if parameter.items:
        text += f" of {parameter.items.value} values"
    if parameter.choices:
        names = ", ".join(repr(choice) for choice in parameter.choices)
        text = f"a list of: {names}" if parameter.type is ParameterType.LIST else f"one of: {names}"
    text += _range_in_words(parameter)
    return f"{text}, or none" if parameter.nullable else text


def _range_in_words(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and not (parameter.exclusive_minimum or parameter.exclusive_maximum):
        return f" from {_in_words(low)} to {_in_words(high)}"
    ends = []
    if low is not None:
        ends.append(f"{'over' if parameter.exclusive_minimum else 'at least'} {_in_words(low)}")
    if high is not None:
        ends.append(f"{'under' if parameter.exclusive_maximum else 'at most'} {_in_words(high)}")
    return f", {' and '.join(ends)}" if ends else ""


def _in_words(number: float) -> str:
    return str(int(number)) if float(number).is_integer() and abs(number) < 10**15 else str(number)


def _refusal(faults: list[Fault]) -> InvalidInputError:
    if len(faults) == 1:
        return InvalidInputError(faults[0].message, hint=faults[0].hint, faults=tuple(faults))
    names = ", ".join(dict.fromkeys(fault.where.partition("[")[0] for fault in faults))
    return InvalidInputError(f"{len(faults)} faults in the parameters: {names}", faults=tuple(faults))


def _take(values: dict[str, Any], name: str, value: Any, parameter: Parameter) -> Iterator[Fault]:
    """Puts the normalised value into `values`, or yields what is wrong with it."""
    if not name.isidentifier():
        yield Fault(where=name[:MAX_SHOWN], message=f"{name[:MAX_SHOWN]!r} is not a name that code can assign to")
        return
    try:
        values[name] = _normal(parameter, value)
        return
    except NotPlainError as error:
        wrong = [_WrongValueError(str(error), where=error.where)]
    except _WrongValueError as error:
        wrong = [error]
    except ExceptionGroup as group:
        wrong = [error for error in group.exceptions if isinstance(error, _WrongValueError)]
    for one in wrong:
        place = f"{name}{one.where[:MAX_SHOWN]}"
        yield Fault(
            where=place, message=f"{place}: {one}", got=_shown(value), expected=expected(parameter), hint=one.hint
        )


def _normal(parameter: Parameter, value: Any) -> Any:
    if parameter.type is ParameterType.LIST and isinstance(value, list | tuple):
        return _list(parameter, plain(list(value)))
    value = plain(value)
    if parameter.type is ParameterType.DICT and isinstance(value, dict):
        return _dict(parameter, value)
    if value is None:
        if parameter.nullable or parameter.type is ParameterType.ANY:
            return None
        raise _WrongValueError(f"must be {expected(parameter)} (got none)")
    value = _of_type(parameter.type, value, parameter)
    if parameter.choices:
        return _choice(parameter, value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not parameter.in_range(value):
        raise _WrongValueError(f"must be {expected(parameter)} (got {value})")
    return value


def _of_type(kind: ParameterType, value: Any, parameter: Parameter) -> Any:
    """A plain value as `kind` has it. A bool is no number; `1.0` is a whole one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case ParameterType.INT if number and float(value).is_integer():
            return plain(int(value))
        case ParameterType.FLOAT if number:
            return float(value)
        case ParameterType.BOOL if isinstance(value, bool):
            return value
        case ParameterType.STR if isinstance(value, str):
            return value
        case ParameterType.DICT if isinstance(value, dict):
            return value
        case ParameterType.DATE if isinstance(value, str):
            return _date(value)
        case ParameterType.DATETIME if isinstance(value, str):
            return _datetime(value)
        case ParameterType.LITERAL | ParameterType.ANY:
            return value
    raise _WrongValueError(f"must be {expected(parameter)} (got {_named(value)})", hint=_type_hint(kind, value))


def _type_hint(kind: ParameterType, value: Any) -> str | None:
    if isinstance(value, str) and kind in {ParameterType.INT, ParameterType.FLOAT, ParameterType.BOOL}:
        return "Give it without quotes."
    return None


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise _WrongValueError(f"must be {_ASKED[ParameterType.DATE]} (got {text[:MAX_SHOWN]!r})") from error


def _datetime(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError as error:
        raise _WrongValueError(f"must be {_ASKED[ParameterType.DATETIME]} (got {text[:MAX_SHOWN]!r})") from error


def _choice(parameter: Parameter, value: Any) -> Any:
    """The choice that equals the value; `True` is not `1`."""
    for choice in parameter.choices:
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice
    near = nearest(str(value), [str(choice) for choice in parameter.choices])
    hint = f"Did you mean {near!r}?" if near else None
    raise _WrongValueError(f"must be {expected(parameter)} (got {_named(value)})", hint=hint)


def _list(parameter: Parameter, values: list[Any]) -> list[Any]:
    return list(_items(parameter, dict(enumerate(values))).values())


def _dict(parameter: Parameter, values: dict[str, Any]) -> dict[str, Any]:
    return _items(parameter, values) if parameter.items else values


def _items(parameter: Parameter, values: Mapping[_Key, Any]) -> dict[_Key, Any]:
    """The normalised values by index or key."""
    normal, wrong = {}, []
    for key, value in values.items():
        try:
            normal[key] = _item(parameter, value)
        except _WrongValueError as error:
            wrong.append(_WrongValueError(str(error), hint=error.hint, where=f"[{key!r}]"))
            if len(wrong) == MAX_ITEM_FAULTS:
                break
    if wrong:
        raise ExceptionGroup("items", wrong)
    return normal


def _item(parameter: Parameter, value: Any) -> Any:
    one = Parameter(name=parameter.name, type=parameter.items or ParameterType.ANY, choices=parameter.choices)
    return _normal(one, value)


def _unknown(name: str, schema: ParameterSchema) -> Fault:
    names = [parameter.name for parameter in schema.parameters]
    shown = name[:MAX_SHOWN]
    if schema.cell is None:
        return Fault(
            where=shown,
            message=f"{shown!r} cannot be set: the notebook has no parameters cell",
            got=shown,
            hint="Tag the cell with the settings 'parameters' (in JupyterLab: property inspector, Cell tags).",
        )
    near = nearest(shown, names)
    return Fault(
        where=shown,
        message=f"{shown!r} is not a parameter of the notebook",
        got=shown,
        expected=f"one of: {', '.join(names)}" if names else "no parameters: the tagged cell assigns nothing",
        hint=f"Did you mean {near!r}?" if near else None,
    )


def _missing(parameter: Parameter) -> Fault:
    return Fault(
        where=parameter.name,
        message=f"{parameter.name!r} is required: the notebook gives it no value",
        expected=expected(parameter),
        hint=f"Give it with -p {parameter.name}=…",
    )


def _shown(value: Any) -> Any:
    """The value as a fault carries it: JSON, and short."""
    if value is None or isinstance(value, bool | int | float):
        try:
            return plain(value)
        except NotPlainError:
            return _SHORT.repr(value)
    return value[:MAX_SHOWN].encode(errors="replace").decode() if isinstance(value, str) else _SHORT.repr(value)


def _named(value: Any) -> str:
    return f"{type(value).__name__} {_SHORT.repr(value)}"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = MAX_SHOWN
