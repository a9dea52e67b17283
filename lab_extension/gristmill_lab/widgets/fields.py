"""One control for one parameter: of its type, labelled, with what it takes beside it and what is wrong under it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ipywidgets import HTML, Checkbox, DatePicker, Dropdown, FloatText, IntText, SelectMultiple, Text, VBox

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.notebooks.texts import parse_text
from gristmill.notebooks.values import check_values, expected
from gristmill_lab.widgets.markup import escaped


@dataclass(frozen=True)
class _Kind:
    """How a parameter of one type is asked for: a widget, what its value means, and the other way round."""

    make: Callable[[Parameter], Any]
    read: Callable[[Parameter, Any], Any]
    write: Callable[[Parameter, Any], Any]


class Field:
    """`changed` is called after a person, or the code of a cell, has changed it."""

    def __init__(self, parameter: Parameter, changed: Callable[[], None]) -> None:
        self.parameter = parameter
        self._kind = _kind(parameter)
        self._note = HTML()
        self._note.add_class("grw-Note")
        self.input = self._kind.make(parameter)
        self.input.description = parameter.name
        self.input.tooltip = parameter.help or expected(parameter)
        self.input.add_class("grw-Input")
        if not parameter.required:
            self.write(parameter.default)
        self.box = VBox([self.input, self._note])
        self.input.observe(lambda _: changed(), names="value")
        self.mark(None)

    def read(self) -> Any:
        """Its value.

        Raises:
            InvalidInputError: what was typed is none of the parameter's, or there is none yet.
        """
        value = self._kind.read(self.parameter, self.input.value)
        return _checked(self.parameter, value)

    def write(self, value: Any) -> None:
        self.input.value = self._kind.write(self.parameter, value)

    def mark(self, fault: str | None) -> None:
        """Says what is wrong, or what it takes."""
        if fault is None:
            told = " · ".join(filter(None, (expected(self.parameter), self.parameter.help)))
            self._note.value = f"<span>{escaped(told)}</span>"
        else:
            self._note.value = f'<span role="alert" class="grw-Fault">{escaped(fault)}</span>'


def _checked(parameter: Parameter, value: Any) -> Any:
    schema = ParameterSchema(language="python", cell=0, parameters=(parameter,))
    return check_values(schema, {parameter.name: value})[parameter.name]


def _kind(parameter: Parameter) -> _Kind:
    simple = not parameter.nullable and not parameter.required
    if parameter.choices and parameter.type is not ParameterType.LIST:
        return _CHOICE
    if parameter.choices and simple:
        return _SEVERAL
    return _SIMPLE.get(parameter.type, _WORDS) if simple else _WORDS


def _choices(parameter: Parameter) -> list[tuple[str, Any]]:
    listed = [(_text(choice), choice) for choice in parameter.choices]
    if parameter.nullable:
        listed.append(("none", None))
    return [("choose…", _MISSING), *listed] if parameter.required else listed


def _chosen(parameter: Parameter, value: Any) -> Any:
    if value is _MISSING:
        raise _missing(parameter)
    return value


def _read_words(parameter: Parameter, text: str) -> Any:
    if parameter.required and not text.strip():
        raise _missing(parameter)
    return parse_text(parameter, text)


def _missing(parameter: Parameter) -> InvalidInputError:
    fault = Fault(where=parameter.name, message=f"{parameter.name}: needs a value", expected=expected(parameter))
    return InvalidInputError(fault.message, faults=(fault,))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _read_date(parameter: Parameter, value: date | None) -> str:
    if value is None:
        raise _missing(parameter)
    return value.isoformat()


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInputError(f"{value!r} is no date such as 2026-01-31") from error


_MISSING = object()
_WORDS = _Kind(lambda _: Text(continuous_update=False), _read_words, lambda _, value: _text(value))
_CHOICE = _Kind(lambda one: Dropdown(options=_choices(one)), _chosen, lambda _, value: value)
_SEVERAL = _Kind(
    lambda one: SelectMultiple(options=_choices(one), rows=min(6, len(one.choices))),
    lambda _, value: list(value),
    lambda _, value: tuple(value or ()),
)
_SIMPLE: dict[ParameterType, _Kind] = {
    ParameterType.BOOL: _Kind(lambda _: Checkbox(indent=True), lambda _, value: value, lambda _, value: bool(value)),
    ParameterType.INT: _Kind(lambda _: IntText(), lambda _, value: value, lambda _, value: value),
    ParameterType.FLOAT: _Kind(lambda _: FloatText(), lambda _, value: value, lambda _, value: value),
    ParameterType.STR: _Kind(
        lambda _: Text(continuous_update=False), lambda _, value: value, lambda _, value: str(value)
    ),
    ParameterType.DATE: _Kind(lambda _: DatePicker(), _read_date, lambda _, value: _day(value)),
}
