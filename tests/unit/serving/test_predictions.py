"""What a model answered, as JSON in MLflow's way, and in pieces."""

import json
import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gristmill.serving.predictions import answer_body, cut, rows_of

ANSWERS: list[tuple[Any, Any]] = [
    (np.array([0.5, 0.25]), [0.5, 0.25]),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.array([[1, 2], [3, 4]]).T, [[1, 3], [2, 4]]),
    (np.array([0.1], dtype=np.float32), [0.10000000149011612]),
    (np.array([True, False]), [True, False]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.array([{"x": 1}, None], dtype=object), [{"x": 1}, None]),
    (np.array(1.5), 1.5),
    (np.array([math.nan, math.inf]), [None, None]),
    (pd.DataFrame({"a": [1.5, math.nan], "b": ["x", "y"]}), [{"a": 1.5, "b": "x"}, {"a": None, "b": "y"}]),
    (pd.DataFrame([[1, 2]]), [{"0": 1, "1": 2}]),
    (pd.Series([1, 2], name="y"), [{"y": 1}, {"y": 2}]),
    (pd.Series([1, 2]), [{"0": 1}, {"0": 2}]),
    ([1, "a", None], [1, "a", None]),
    ({"a": np.float32(0.5), "b": np.array([1])}, {"a": 0.5, "b": [1]}),
    ("text", "text"),
    (b"hello", "aGVsbG8=\n"),
    (datetime(2026, 1, 31, 12), "2026-01-31T12:00:00"),  # noqa: DTZ001 - as a model gives it
    (date(2026, 1, 31), "2026-01-31"),
    ([pd.Timestamp("2026-01-31")], ["2026-01-31T00:00:00"]),
    ([np.datetime64("2026-01-31T12:00", "ns")], ["2026-01-31T12:00:00"]),
    ([np.int64(3), np.bool_(True)], [3, True]),
]


@pytest.mark.parametrize(("predictions", "expected"), ANSWERS, ids=[str(type(p).__name__) for p, _ in ANSWERS])
def test_an_answer_is_json(predictions: Any, expected: Any) -> None:
    assert json.loads(answer_body(predictions)) == {"predictions": expected}
    assert json.loads(answer_body(predictions, unwrapped=True)) == expected


def test_what_json_cannot_hold_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="object"):
        answer_body([object()])


@pytest.mark.parametrize(
    "predictions",
    [np.arange(6).reshape(3, 2), [1, 2, 3], pd.DataFrame({"a": [1, 2, 3]}), pd.Series([1, 2, 3])],
    ids=["array", "list", "frame", "series"],
)
def test_rows_are_cut_apart_again(predictions: Any) -> None:
    assert rows_of(predictions) == 3
    first, second = cut(predictions, [1, 2])
    assert (len(first), len(second)) == (1, 2)
    whole = json.loads(answer_body(predictions))["predictions"]
    assert [json.loads(answer_body(part))["predictions"] for part in (first, second)] == [whole[:1], whole[1:]]


@pytest.mark.parametrize("predictions", [5, "abc", {"a": [1, 2]}, np.array(3)])
def test_what_is_not_made_of_rows_says_so(predictions: Any) -> None:
    assert rows_of(predictions) is None
