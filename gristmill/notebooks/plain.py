"""What JSON carries: the only values that parameters have on their way from a person to a notebook."""

import math
from collections.abc import Mapping
from datetime import date
from numbers import Integral, Real
from typing import Any

MAX_DEPTH = 50
SMALLEST, LARGEST = -(2**63), 2**64 - 1


class NotPlainError(ValueError):
    """A value that JSON cannot carry; `where` is the place inside it, empty for the value itself."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


def plain(value: Any, where: str = "", depth: int = 0) -> Any:
    """`value` in JSON's own types: dates as ISO 8601, tuples as lists, numbers of other libraries as int and float.

    Raises:
        NotPlainError: for NaN and infinities, integers over 64 bits, text that UTF-8 cannot hold, keys that are no
            strings, anything else that JSON lacks, and more than 50 levels.
    """
    if depth > MAX_DEPTH:
        raise NotPlainError(f"nested deeper than {MAX_DEPTH} levels", where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, Integral):
        return _integer(int(value), where)
    if isinstance(value, Real):
        return _real(float(value), where)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(key, where): plain(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
    raise NotPlainError(f"JSON has no {type(value).__name__}", where)


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise NotPlainError("text with a lone surrogate, which UTF-8 cannot hold", where) from error
    return str.__str__(value)  # not an enumeration's own


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise NotPlainError(f"keys must be strings, got {key!r:.40}", where)
    return _text(key, where)


def _integer(value: int, where: str) -> int:
    if not SMALLEST <= value <= LARGEST:
        raise NotPlainError("an integer of more than 64 bits", where)
    return value


def _real(value: float, where: str) -> float:
    if not math.isfinite(value):
        raise NotPlainError(f"JSON has no {value}", where)
    return value
