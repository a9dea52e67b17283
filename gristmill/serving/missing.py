"""Where values of a batch are missing: null is allowed for a double, text or a time, and not every model takes it."""

import numpy as np
import pandas as pd

from gristmill.core.errors import Fault, GristmillError, InvalidInputError
from gristmill.serving.batch import Batch
from gristmill.serving.faults import place
from gristmill.serving.frames import FrameLayout

_MOST = 20


def with_missing(error: GristmillError, batch: Batch) -> GristmillError:
    """The refusal of a model, with each value of the batch that is missing: that may be what it does not take."""
    if not isinstance(error, InvalidInputError) or error.faults or not isinstance(batch.layout, FrameLayout):
        return error
    found: list[tuple[int, int]] = []
    for array, placement in zip(batch.arrays, batch.layout.placements, strict=True):
        rows, columns = np.nonzero(pd.isna(array))
        found += zip(rows.tolist(), placement[columns].tolist(), strict=True)
    if not found:
        return error
    labels = batch.layout.columns.tolist()
    places = [place(row, labels[column]) for row, column in sorted(found)[:_MOST]]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return type(error)(
        f"{error.message}; a value is missing at {places[0]}{more}",
        hint=error.hint,
        faults=tuple(Fault(where=one, message="the value is missing", got="null") for one in places),
    )
