"""Whether a model answers each row by itself, tried on its input example before requests are joined."""

from typing import Any

import numpy as np

from gristmill.serving.batch import Batch, join
from gristmill.serving.flavors.base import Predictor
from gristmill.serving.predictions import cut, dumps, jsonable, rows_of


def answers_row_by_row(predictor: Predictor, sample: Batch) -> bool:
    """Whether the example is answered as it is alone when other rows stand behind it in the call."""
    alone = predictor.predict(sample.data(predictor.takes), sample.params)
    if rows_of(alone) != sample.rows:
        return False
    return bool(sample.params) or all(_same(alone, answer) for answer in _in_company(predictor, sample))


def _in_company(predictor: Predictor, sample: Batch) -> list[Any]:
    """The example's answers behind itself, and before rows whose numbers differ from its own.

    The model may refuse numbers that nobody chose: then it is tried with the example's own only.
    """
    twice = predictor.predict(join([sample, sample]).data(predictor.takes), None)
    answers = _parts(twice, sample.rows)
    try:
        others = predictor.predict(join([sample, _shifted(sample)]).data(predictor.takes), None)
    except Exception:  # noqa: BLE001 - the numbers are made up, and any refusal of them is the model's right
        return answers
    return [*answers, _parts(others, sample.rows)[0]]


def _parts(predictions: Any, rows: int) -> list[Any]:
    """Both halves; nothing that equals an answer, where it is not made of that many rows."""
    return cut(predictions, [rows, rows]) if rows_of(predictions) == 2 * rows else [None]


def _shifted(sample: Batch) -> Batch:
    arrays = tuple(array + 1 if array.dtype.kind in "iuf" else array for array in sample.arrays)
    return Batch(layout=sample.layout, rows=sample.rows, arrays=arrays)


def _same(left: Any, right: Any) -> bool:
    """Equal but for the last digits, which a processor's vector width may change."""
    if right is None:
        return False
    if isinstance(left, np.ndarray) and left.dtype.kind == "f":
        return bool(np.allclose(left, right, rtol=1e-5, equal_nan=True))
    return dumps(jsonable(left)) == dumps(jsonable(right))
