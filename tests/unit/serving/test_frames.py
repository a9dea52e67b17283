"""The frame of blocks is the frame that pandas builds, on pandas before 3 as well."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gristmill.serving import frames
from gristmill.serving.batch import Takes
from gristmill.serving.frames import FrameLayout

NUMBERS = np.array([[1.5, 3.5], [4.5, 6.5]])
WORDS = np.array([["a"], [None]], dtype=object)
COUNTS = np.array([[1], [2]])
TIMES = np.array([["2026-01-31"], ["NaT"]], dtype="datetime64[ns]")
ARRAYS: tuple[Any, ...] = (NUMBERS, WORDS, COUNTS, TIMES)
LAYOUT = FrameLayout(["x", "word", "y", "count", "when"], [[0, 2], [1], [3], [4]])


@pytest.mark.parametrize("constructor", [frames._FROM_BLOCKS, frames._constructed])
def test_blocks_become_columns_in_order(monkeypatch: pytest.MonkeyPatch, constructor: Any) -> None:
    monkeypatch.setattr(frames, "_FROM_BLOCKS", constructor)
    frame = LAYOUT.build(ARRAYS, None, Takes.FRAME)
    assert list(frame.columns) == ["x", "word", "y", "count", "when"]
    assert [str(dtype) for dtype in frame.dtypes] == ["float64", "object", "float64", "int64", "datetime64[ns]"]
    assert frame["y"].tolist() == [3.5, 6.5]
    assert frame["when"].isna().tolist() == [False, True]
    assert frame.iloc[1]["count"] == 2


def test_a_plain_frame_finds_the_types_of_text_itself() -> None:
    frame = LAYOUT.build(ARRAYS, ["p", "q"], Takes.PLAIN)
    expected = pd.DataFrame({"word": ["a", None]}, index=["p", "q"])
    pd.testing.assert_series_equal(frame["word"], expected["word"])


def test_text_of_which_nothing_is_there_does_not_become_numbers() -> None:
    frame = FrameLayout(["word"], [[0]]).build((np.array([[np.nan], [None]], dtype=object),), None, Takes.PLAIN)
    assert frame["word"].dtype == object


def test_a_matrix_takes_every_column_to_its_place() -> None:
    layout = FrameLayout(["x", "count", "y"], [[0, 2], [1]])
    matrix = layout.build((NUMBERS, COUNTS), None, Takes.ARRAY)
    np.testing.assert_array_equal(matrix, [[1.5, 1, 3.5], [4.5, 2, 6.5]])
