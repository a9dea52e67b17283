"""The columns of a signature, compiled: rows of JSON values to a few numpy arrays, one for each column type."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from numpy.typing import NDArray

from gristmill.serving.batch import Batch
from gristmill.serving.columns import BadValueError, Row, Scalar, object_array
from gristmill.serving.faults import FaultList, place, value_fault
from gristmill.serving.frames import FrameLayout
from gristmill.serving.nested import ValueType

Getter = Callable[[Any], Row]


@dataclass(frozen=True)
class Column:
    """`name` is None in a signature without names; then `position` says which it is."""

    position: int
    name: str | None
    kind: ValueType
    required: bool = True

    @property
    def label(self) -> str | int:
        return self.position if self.name is None else self.name


@dataclass(frozen=True)
class Block:
    """Columns that share one array. `places` are their positions in the table."""

    columns: tuple[Column, ...]
    places: tuple[int, ...]

    def array(self, rows: list[Row]) -> NDArray[Any]:
        """The rows of this block's values as one array.

        Raises:
            InvalidInputError: some value is not of its column's type; all such are named.
        """
        kind = self.columns[0].kind
        if isinstance(kind, Scalar) and (array := kind.bulk(rows)) is not None:
            return array
        converted = self._converted(rows)
        return kind.array(converted) if isinstance(kind, Scalar) else object_array(converted)

    def _converted(self, rows: list[Row]) -> list[Row]:
        faults = FaultList()
        converted = [
            tuple(_value(column, value, index, faults) for column, value in zip(self.columns, row, strict=True))
            for index, row in enumerate(rows)
        ]
        faults.raise_if_any()
        return converted


def _value(column: Column, value: Any, row: int, faults: FaultList) -> Any:
    if value is None and not column.required and not isinstance(column.kind, Scalar):
        return None
    try:
        return column.kind.convert(value)
    except BadValueError as error:
        faults.add(value_fault(place(row, column.label), error))
        return None


class Table:
    """Some columns in signature order. One object per set of columns, so that batches with the same set join."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self.blocks = _blocks(self.columns)
        self.layout = FrameLayout(
            [column.label for column in self.columns], [list(block.places) for block in self.blocks]
        )
        self._getters = lru_cache(maxsize=64)(self._make_getters)

    def batch(self, rows: Sequence[Any], keys: tuple[Any, ...], index: list[Any] | None = None) -> Batch:
        """The batch of `rows`, whose value for column i stands at `keys[i]`.

        Raises:
            InvalidInputError: some value is not of its column's type.
            KeyError: a row has no such key.
        """
        arrays = tuple(
            block.array(list(map(getter, rows))) for block, getter in zip(self.blocks, self._getters(keys), strict=True)
        )
        return Batch(layout=self.layout, rows=len(rows), arrays=arrays, index=index)

    def _make_getters(self, keys: tuple[Any, ...]) -> tuple[Getter, ...]:
        return tuple(_getter([keys[place] for place in block.places]) for block in self.blocks)

    @property
    def numeric(self) -> bool:
        """Whether every column is a number, so that one numpy array can hold a row."""
        return all(isinstance(column.kind, Scalar) and column.kind.dtype.kind in "if" for column in self.columns)


def _getter(keys: list[Any]) -> Getter:
    if len(keys) == 1:
        key = keys[0]
        return lambda row: (row[key],)
    return itemgetter(*keys)


def _blocks(columns: tuple[Column, ...]) -> tuple[Block, ...]:
    groups: dict[Any, list[int]] = {}
    for index, column in enumerate(columns):
        groups.setdefault(_group(column, index), []).append(index)
    return tuple(Block(tuple(columns[index] for index in group), tuple(group)) for group in groups.values())


def _group(column: Column, index: int) -> Any:
    """Columns of one bulk type share a block; every other column is looked at value by value."""
    kind = column.kind
    return kind.name if isinstance(kind, Scalar) and kind.kinds else index
