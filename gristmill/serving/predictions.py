"""What a model answered: its rows, cut apart again, and as JSON in the way of MLflow's scoring server.

The one difference is that JSON has no NaN: where MLflow writes the bare word, null is written here.
"""

import base64
from datetime import date, time
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def rows_of(predictions: Any) -> int | None:
    """How many rows the answer has, None where it is not made of rows."""
    if isinstance(predictions, np.ndarray):
        return len(predictions) if predictions.ndim else None
    if isinstance(predictions, list) or _is_pandas(predictions):
        return len(predictions)
    return None


def cut(predictions: Any, sizes: list[int]) -> list[Any]:
    """The answer in pieces of `sizes` rows each."""
    bounds = list(pairwise([0, *accumulate(sizes)]))
    if _is_pandas(predictions):
        return [predictions.iloc[start:end] for start, end in bounds]
    return [predictions[start:end] for start, end in bounds]


def jsonable(predictions: Any) -> Any:
    """Arrays as lists, frames and series as records: what MLflow's `_get_jsonable_obj` makes of them."""
    if isinstance(predictions, np.ndarray):
        return _array(predictions)
    if _is_pandas(predictions):
        frame = predictions if predictions.ndim == 2 else predictions.to_frame()
        return frame.to_dict(orient="records")
    return predictions


def answer_body(predictions: Any, *, unwrapped: bool = False) -> bytes:
    """The body that /invocations answers with.

    Raises:
        TypeError: the model's answer has a part that JSON cannot hold.
    """
    value = jsonable(predictions)
    return dumps(value if unwrapped else {"predictions": value})


def dumps(value: Any) -> bytes:
    """`value` as JSON, numpy and pandas values inside it too; `TypeError` where that cannot be."""
    return orjson.dumps(value, default=_default, option=_OPTIONS)


def _array(array: NDArray[Any]) -> Any:
    """64-bit numbers are left to orjson. It would write others shorter than the number that MLflow sends."""
    if array.dtype.kind in "iuf" and array.dtype.itemsize == 8 and array.flags.c_contiguous and array.ndim:
        return array
    return array.tolist()


def _default(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.datetime64):
        return np.datetime_as_string(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, (date, time)):  # datetime and pandas' Timestamp among them
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if _is_pandas(value):
        return jsonable(value)
    raise TypeError(f"an answer of {type(value).__name__} cannot be written as JSON")


def _is_pandas(value: Any) -> bool:
    """Whether this is a DataFrame or a Series, without importing pandas where no model did."""
    return hasattr(value, "iloc") and hasattr(value, "ndim")
