"""Faults of a request's rows: which row, which column, what is there, what was expected. Rows count from 0."""

import orjson

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.serving.columns import BadValueError, json_name

_MOST = 20
_SHOWN = 80


def place(row: int, column: object) -> str:
    return f"row {row}, column {column!r}" if isinstance(column, str) else f"row {row}, column {column}"


def value_fault(where: str, error: BadValueError) -> Fault:
    got = shown(error.got)
    return Fault(
        where=where + error.path,
        message=f"expected {error.expected}, got {got} ({json_name(error.got)})"
        if error.got is not None
        else f"expected {error.expected}, got null",
        got=got,
        expected=error.expected,
        hint=error.hint,
    )


def shown(value: object) -> str:
    """The value as JSON, cut to a length that a message can hold."""
    try:
        text = orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class FaultList:
    """Collects faults; `raise_if_any` raises them as one error that names the first and counts the rest."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.count = 0

    def add(self, fault: Fault) -> None:
        self.count += 1
        if len(self.faults) < _MOST:
            self.faults.append(fault)

    def raise_if_any(self) -> None:
        if not self.faults:
            return
        first = self.faults[0]
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        raise InvalidInputError(f"{first.where}: {first.message}{more}", hint=first.hint, faults=tuple(self.faults))


def refuse(where: str, message: str, *, hint: str | None = None) -> InvalidInputError:
    """An error with this one fault."""
    return InvalidInputError(f"{where}: {message}", hint=hint, faults=(Fault(where=where, message=message, hint=hint),))
