"""Rows of one or several requests, and the forms in which a model takes them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Takes(StrEnum):
    """How a predictor wants its rows."""

    ARRAY = "array"  # one numpy array, columns in signature order
    FRAME = "frame"  # a DataFrame of few blocks, text as Python objects
    PLAIN = "plain"  # a DataFrame as pandas itself would build it: for code that nobody here has read


class Layout(Protocol):
    """What the arrays of a batch mean. Batches with the same layout object can be joined."""

    def build(self, arrays: tuple[NDArray[Any], ...], index: list[Any] | None, takes: Takes) -> Any:
        """What the model is called with."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of one request, checked. The first axis of every array is the row."""

    layout: Layout
    rows: int
    arrays: tuple[NDArray[Any], ...]
    params: dict[str, Any] | None = None
    index: list[Any] | None = None
    unwrapped: bool = False  # the answer is the prediction itself, without {"predictions": …}

    def data(self, takes: Takes) -> Any:
        return self.layout.build(self.arrays, self.index, takes)

    def joins(self, other: "Batch") -> bool:
        """Whether one call of the model can answer both."""
        return (
            self.layout is other.layout
            and not self.params
            and not other.params
            and all(a.shape[1:] == b.shape[1:] for a, b in zip(self.arrays, other.arrays, strict=True))
        )


def join(batches: list[Batch]) -> Batch:
    """One batch with the rows of all, in order. They must join each other."""
    first = batches[0]
    if len(batches) == 1:
        return first
    arrays = tuple(np.concatenate(parts) for parts in zip(*(batch.arrays for batch in batches), strict=True))
    return Batch(layout=first.layout, rows=sum(batch.rows for batch in batches), arrays=arrays)


@dataclass(frozen=True, slots=True)
class RawLayout:
    """The request's own value, for a model without a signature, or one that parses it itself. Joins nothing."""

    value: Any = field(compare=False)

    def build(self, arrays: tuple[NDArray[Any], ...], index: list[Any] | None, takes: Takes) -> Any:  # noqa: ARG002 - Layout's signature
        return self.value


def raw_batch(value: Any, *, rows: int = 1, unwrapped: bool = False) -> Batch:
    return Batch(layout=RawLayout(value), rows=rows, arrays=(), unwrapped=unwrapped)
