"""MLflow's scalar column types: what JSON value each takes, and as what the model gets it.

https://mlflow.org/docs/latest/ml/model/signatures/ names the types. A value is taken where nothing of it is lost or
guessed: an integer for a double, 3.0 for an integer, 0 and 1 for a boolean, null for a double, a string or a time.
Text is never read as a number, a number never as text.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NONE = type(None)
_WHITESPACE = re.compile(r"\s+")
_MISSING_INTEGER = (
    "An integer column holds no missing values. Declare the column as double in the signature, or send a value."
)

Row = tuple[Any, ...]


class BadValueError(ValueError):
    """One value is not of its type. `path` leads to it inside a nested value."""

    def __init__(self, got: object, expected: str, hint: str | None = None, path: str = "") -> None:
        super().__init__(f"expected {expected}")
        self.got = got
        self.expected = expected
        self.hint = hint
        self.path = path


@dataclass(frozen=True, kw_only=True)
class Scalar:
    """One column type. `bulk` takes whole rows whose values are all of `kinds`; `convert` takes any one value."""

    name: str
    expected: str
    datatype: str  # in the Open Inference Protocol
    dtype: np.dtype[Any]
    kinds: frozenset[type]
    convert: Callable[[Any], Any]

    def bulk(self, rows: list[Row]) -> NDArray[Any] | None:
        """The rows as one array, or None where a value must be looked at alone."""
        kinds = set(map(type, chain.from_iterable(rows)))
        if not kinds <= self.kinds:
            return None
        if self.dtype.kind == "O":
            return _objects(rows, has_null=_NONE in kinds)
        try:
            return _narrow(np.array(rows, dtype=_WIDE.get(self.dtype, self.dtype)), self.dtype)
        except OverflowError:
            return None

    def array(self, rows: list[Row]) -> NDArray[Any]:
        """The rows of values that `convert` gave, as one array."""
        if self.dtype.kind == "O":
            return _objects(rows, has_null=False)
        return np.array(rows, dtype=self.dtype)


def _narrow(wide: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """The same values in 32 bits, None where one of them does not fit."""
    if wide.dtype == dtype:
        return wide
    with np.errstate(over="ignore"):
        narrow = wide.astype(dtype)
    lost = narrow != wide if dtype.kind == "i" else np.isinf(narrow) & ~np.isinf(wide)
    return None if lost.any() else narrow


def object_array(rows: list[Row]) -> NDArray[Any]:
    """Two-dimensional, each cell the very object, lists and dicts as well."""
    cells = np.empty((len(rows), len(rows[0]) if rows else 0), dtype=object)
    for index, row in enumerate(rows):
        for position, value in enumerate(row):
            cells[index, position] = value
    return cells


def _objects(rows: list[Row], *, has_null: bool) -> NDArray[Any]:
    """Text in an object array; null is NaN, as pandas has it in the frame that a model was fitted on."""
    cells = np.empty((len(rows), len(rows[0])), dtype=object)
    cells[:] = rows
    if has_null:
        cells[cells == np.array(None)] = math.nan
    return cells


def _number(expected: str, limit: float, value: Any) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, (float, int)):
        raise BadValueError(value, expected, _number_hint(value))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number) and not (isinstance(value, float) and math.isinf(value)):
        raise BadValueError(value, f"{expected} that fits")
    if abs(number) >= limit and not math.isinf(number):
        raise BadValueError(value, f"{expected} of at most {_FLOAT32_MAX:.8g} in size")
    return number


def _number_hint(value: Any) -> str | None:
    if isinstance(value, str) and value.strip().lower() in {"nan", "na", "null", "none", ""}:
        return "Send null for a missing number."
    return "Send it without the quotes." if isinstance(value, str) and _reads_as_number(value) else None


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _integer(expected: str, low: int, high: int, value: Any) -> int:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise BadValueError(value, expected, _MISSING_INTEGER)
    if not isinstance(value, (int, float)):
        raise BadValueError(value, expected, _number_hint(value))
    if isinstance(value, float) and not value.is_integer():
        raise BadValueError(value, expected)
    if not low <= value <= high:
        raise BadValueError(value, f"{expected} from {low} to {high}")
    return int(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, (bool, int, float)) and value in {0, 1}:
        return bool(value)
    raise BadValueError(value, "true or false")


def _string(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    raise BadValueError(value, "a string", "Send it in quotes, as the model saw it when it was fitted.")


def _binary(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise BadValueError(value, "bytes as a base64 string")
    try:
        return base64.b64decode(_WHITESPACE.sub("", value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadValueError(value, "bytes as a base64 string", f"{error}.") from error


def _datetime(value: Any) -> Any:
    expected = "an ISO 8601 date or time without an offset"
    if value is None:
        return np.datetime64("NaT", "ns")
    if not isinstance(value, (str, date)) or (isinstance(value, str) and not any(map(str.isdigit, value))):
        hint = "Send it as text, like 2026-01-31T12:00:00." if isinstance(value, (int, float)) else None
        raise BadValueError(value, expected, hint)
    import pandas as pd

    try:
        moment = pd.Timestamp(value)
        if moment.tzinfo is None:
            return moment.as_unit("ns").to_datetime64()
    except (ValueError, OverflowError) as error:
        raise BadValueError(value, expected, str(error)) from error
    raise BadValueError(
        value, expected, "Convert it to the zone that the model was fitted in, and leave the offset out."
    )


_FLOAT32_MAX = float(np.finfo(np.float32).max)
_FLOAT32_OVER = _FLOAT32_MAX + 2.0**103  # the least number that rounds to infinity: IEEE 754, half a step above
_WIDE = {np.dtype(np.float32): np.dtype(np.float64), np.dtype(np.int32): np.dtype(np.int64)}

SCALARS = {
    scalar.name: scalar
    for scalar in (
        Scalar(
            name="boolean",
            expected="true or false",
            datatype="BOOL",
            dtype=np.dtype(np.bool_),
            kinds=frozenset({bool}),
            convert=_boolean,
        ),
        Scalar(
            name="integer",
            expected="an integer",
            datatype="INT32",
            dtype=np.dtype(np.int32),
            kinds=frozenset({int}),
            convert=partial(_integer, "an integer", -(2**31), 2**31 - 1),
        ),
        Scalar(
            name="long",
            expected="an integer",
            datatype="INT64",
            dtype=np.dtype(np.int64),
            kinds=frozenset({int}),
            convert=partial(_integer, "an integer", -(2**63), 2**63 - 1),
        ),
        Scalar(
            name="float",
            expected="a number",
            datatype="FP32",
            dtype=np.dtype(np.float32),
            kinds=frozenset({float, int, _NONE}),
            convert=partial(_number, "a number", _FLOAT32_OVER),
        ),
        Scalar(
            name="double",
            expected="a number",
            datatype="FP64",
            dtype=np.dtype(np.float64),
            kinds=frozenset({float, int, _NONE}),
            convert=partial(_number, "a number", math.inf),
        ),
        Scalar(
            name="string",
            expected="a string",
            datatype="BYTES",
            dtype=np.dtype(object),
            kinds=frozenset({str, _NONE}),
            convert=_string,
        ),
        Scalar(
            name="binary",
            expected="a base64 string",
            datatype="BYTES",
            dtype=np.dtype(object),
            kinds=frozenset(),
            convert=_binary,
        ),
        Scalar(
            name="datetime",
            expected="an ISO 8601 date or time",
            datatype="BYTES",
            dtype=np.dtype("datetime64[ns]"),
            kinds=frozenset(),
            convert=_datetime,
        ),
    )
}


def json_name(value: object) -> str:
    """What JSON calls the value's type, for messages."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "time" if isinstance(value, datetime) else type(value).__name__)
