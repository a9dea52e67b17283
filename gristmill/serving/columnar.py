"""Signatures of columns, the usual kind: every form of a request becomes rows of one table."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gristmill.core.errors import Fault
from gristmill.core.nearest import nearest
from gristmill.serving.batch import Batch
from gristmill.serving.columns import Scalar, json_name
from gristmill.serving.errors import LoadError
from gristmill.serving.faults import FaultList, refuse
from gristmill.serving.nested import Array, Object
from gristmill.serving.signature import INPUTS, INSTANCES, RECORDS, SPLIT, Signature
from gristmill.serving.table import Column, Table

_Plan = tuple[Table, tuple[Any, ...]]
_USE_SPLIT = 'Name the columns: {"dataframe_split": {"columns": […], "data": [[…]]}}.'


class ColumnSignature(Signature):
    def __init__(self, columns: list[Column]) -> None:
        names = [column.name for column in columns]
        if len(set(names)) < len(names) and any(name is not None for name in names):
            raise LoadError(f"the signature names a column twice: {names!r:.200}", hint="Log the model again.")
        self.all = columns
        self.named = columns[0].name is not None
        self.full = Table(columns)
        self.numeric = self.full.numeric
        self._one_row_dicts = any(isinstance(column.kind, (Array, Object)) for column in columns)
        self._table = lru_cache(maxsize=256)(self._make_table)
        self._plan = lru_cache(maxsize=64)(self._make_plan)

    def split(self, value: Any) -> Batch:
        if not isinstance(value, dict):
            raise refuse(SPLIT, f"expected an object with columns and data, got {json_name(value)}")
        unknown = value.keys() - {"columns", "data", "index"}
        if unknown or "data" not in value:
            what = f"unknown keys {', '.join(sorted(map(str, unknown)))}" if unknown else "no data"
            raise refuse(SPLIT, f"{what}: expected data, and optionally columns and index")
        names = self._names(value.get("columns"), value["data"])
        rows = _rows(value["data"], len(names))
        index = value.get("index")
        if index is not None and (not isinstance(index, list) or len(index) != len(rows)):
            raise refuse(f"{SPLIT}.index", f"expected one label for each of the {len(rows)} rows, got {index!r:.80}")
        table, keys = self._plan(names)
        return table.batch(rows, keys, index)

    def _names(self, columns: Any, data: Any) -> tuple[Any, ...]:
        if columns is None and not self.named:
            first = data[0] if isinstance(data, list) and data else []
            return tuple(range(len(first))) if isinstance(first, list) else (0,)
        if columns is None:
            raise refuse(f"{SPLIT}.columns", "missing: the signature names its columns", hint=_USE_SPLIT)
        if not isinstance(columns, list) or not all(isinstance(name, (str, int, float)) for name in columns):
            raise refuse(f"{SPLIT}.columns", f"expected a list of column names, got {columns!r:.80}")
        return tuple(columns)

    def records(self, value: Any) -> Batch:
        if not isinstance(value, list):
            raise refuse(RECORDS, f"expected a list of objects, got {json_name(value)}")
        return self._records(value, RECORDS)

    def _records(self, records: list[Any], form: str) -> Batch:
        if not records:
            raise refuse(form, "no rows")
        if set(map(type, records)) != {dict}:
            row, odd = next((row, record) for row, record in enumerate(records) if type(record) is not dict)
            raise refuse(f"{form}, row {row}", f"expected an object, got {json_name(odd)}")
        if not self.named:
            return self._unnamed([list(record.values()) for record in records])
        table = self._table_for(records)
        keys = tuple(column.name for column in table.columns)
        try:
            return table.batch(records, keys)
        except KeyError:
            return table.batch(self._filled(table, records), keys)

    def _table_for(self, records: list[Any]) -> Table:
        """The table of all columns but those optional ones that no record has."""
        absent = [c.label for c in self.all if not c.required and not any(c.name in record for record in records)]
        return self._table(frozenset(absent))

    def _filled(self, table: Table, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The records with null for optional columns that only some lack. A required one that lacks is a fault."""
        faults = FaultList()
        for row, record in enumerate(records):
            for column in table.columns:
                if column.required and column.name not in record:
                    faults.add(_missing(column, record, f"row {row}, "))
        faults.raise_if_any()
        blank: dict[Any, Any] = {column.name: None for column in table.columns}
        return [blank | record for record in records]

    def instances(self, value: Any) -> Batch:
        return self._either(value, INSTANCES)

    def inputs(self, value: Any) -> Batch:
        return self._either(value, INPUTS)

    def _either(self, value: Any, form: str) -> Batch:
        if isinstance(value, dict):
            return self._object(value, form)
        if not isinstance(value, list):
            raise refuse(form, f"expected an array or an object, got {json_name(value)}")
        if value and all(type(item) is dict for item in value):
            return self._records(value, form)
        if len(self.all) == 1 and not any(type(item) is dict for item in value):
            return self._one_column(value, form)
        if self.named:
            raise refuse(form, f"the model has {len(self.all)} named columns, got rows without names", hint=_USE_SPLIT)
        return self._unnamed(value)

    def _object(self, value: dict[str, Any], form: str) -> Batch:
        if not self.named:
            raise refuse(form, "the signature has no column names: expected an array of rows, got an object")
        if self._one_row_dicts:
            return self._records([value], form)
        lengths = {len(item) for item in value.values() if isinstance(item, list)}
        if not lengths:
            return self._records([value], form)
        if len(lengths) > 1:
            sizes = ", ".join(f"{name}: {len(item)}" for name, item in value.items() if isinstance(item, list))
            raise refuse(form, f"the columns differ in length ({sizes:.300})")
        (rows,) = lengths
        return self.columns({k: v if isinstance(v, list) else [v] * rows for k, v in value.items()})

    def _one_column(self, value: list[Any], form: str) -> Batch:
        if not value:
            raise refuse(form, "no rows")
        nested = all(isinstance(item, list) and len(item) == 1 for item in value)
        scalar = isinstance(self.all[0].kind, Scalar)
        return self.full.batch(value if nested and scalar else [(item,) for item in value], (0,))

    def columns(self, columns: Mapping[str, list[Any]]) -> Batch:
        names = tuple(columns)
        table, keys = self._plan(names)
        rows = list(zip(*columns.values(), strict=True))
        if not rows:
            raise refuse("data", "no rows")
        return table.batch(rows, keys)

    def rows(self, rows: list[list[Any]]) -> Batch:
        """Rows of values in signature order."""
        return self.full.batch(_rows(rows, len(self.all)), tuple(range(len(self.all))))

    def _unnamed(self, rows: list[Any]) -> Batch:
        width = len(rows[0]) if rows and isinstance(rows[0], list) else 1
        table, keys = self._plan(tuple(range(width)))
        return table.batch(_rows(rows, width), keys)

    def _make_plan(self, names: tuple[Any, ...]) -> _Plan:
        """Which table rows with these columns fill, and where each of its columns stands in a row."""
        if not self.named:
            if len(names) < len(self.all):
                raise refuse("columns", f"expected at least {len(self.all)} columns, got {len(names)}")
            return self.full, tuple(range(len(self.all)))
        places: dict[Any, int] = {}
        for place, name in enumerate(names):
            if name in places and any(column.name == name for column in self.all):
                raise refuse(f"column {name!r}", "stands there twice: expected once")
            places[name] = place
        faults = FaultList()
        for column in self.all:
            if column.required and column.name not in places:
                faults.add(_missing(column, places))
        faults.raise_if_any()
        table = self._table(frozenset(c.label for c in self.all if c.name not in places))
        return table, tuple(places[column.name] for column in table.columns)

    def _make_table(self, absent: frozenset[str | int]) -> Table:
        """The table without these optional columns, which MLflow leaves out of the frame as well."""
        return Table(column for column in self.all if column.label not in absent) if absent else self.full

    def metadata(self) -> list[dict[str, Any]]:
        return [
            {
                "name": str(column.label) if self.named else f"input-{column.position}",
                "datatype": column.kind.datatype if isinstance(column.kind, Scalar) else "BYTES",
                "shape": [-1],
            }
            for column in self.all
        ]


def _missing(column: Column, present: Mapping[Any, Any], where: str = "") -> Fault:
    near = nearest(str(column.label), [str(name) for name in present])
    return Fault(
        where=f"{where}column {column.label!r}",
        message="missing",
        expected=column.kind.expected,
        hint=f"Did you mean it by {near!r}?" if near else None,
    )


def _rows(data: Any, width: int) -> list[Any]:
    """`data`, if it is rows of `width` values; for one column also its plain values."""
    if not isinstance(data, list):
        raise refuse("data", f"expected a list of rows, got {json_name(data)}")
    if not data:
        raise refuse("data", "no rows")
    if set(map(type, data)) == {list} and set(map(len, data)) == {width}:
        return data
    if width == 1 and not any(isinstance(row, list) for row in data):
        return [(value,) for value in data]
    for row, values in enumerate(data):
        if not isinstance(values, list):
            raise refuse(f"row {row}", f"expected a list of {width} values, got {json_name(values)}")
        if len(values) != width:
            raise refuse(f"row {row}", f"expected {width} values, got {len(values)}")
    return data
