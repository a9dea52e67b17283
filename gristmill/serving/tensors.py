"""Signatures of tensors: one array, or several by name, each of a fixed type and shape (-1: any length)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gristmill.serving.batch import Batch, Takes
from gristmill.serving.columns import json_name
from gristmill.serving.errors import LoadError
from gristmill.serving.faults import refuse, shown
from gristmill.serving.signature import INPUTS, INSTANCES, RECORDS, SPLIT, Signature

DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}

_NUMBERS = (int, float, type(None))


@dataclass(frozen=True)
class TensorSpec:
    """`name` is None for the one tensor of a signature without names."""

    name: str | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def label(self) -> str:
        return "the input" if self.name is None else f"input {self.name!r}"

    def array(self, value: Any) -> NDArray[Any]:
        """`value`, nested lists or an array, as an array of this type and shape.

        Raises:
            InvalidInputError: a value is of another type or does not fit, or the shape is another.
        """
        array = self.typed(value)
        if self.shape == (-1,) and self.dtype.kind == "O":
            return array
        fits = len(array.shape) == len(self.shape) and all(
            want in {-1, got} for want, got in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            raise refuse(self.label, f"expected the shape {list(self.shape)}, got {list(array.shape)}")
        return array

    def typed(self, value: Any) -> NDArray[Any]:
        """`value` as an array of this type, of whatever shape."""
        if self.dtype.kind in "OSU":
            return self._text(value)
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise refuse(self.label, f"expected nested lists of equal lengths ({error})") from error
        if array.dtype.kind == "O" and self.dtype.kind == "f":
            array = self._with_nulls(value)
        if array.dtype.kind not in "biuf":
            raise refuse(self.label, f"expected {self.dtype.name}, got {shown(_odd(value, (int, float)))}")
        return self._cast(array)

    def _with_nulls(self, value: Any) -> NDArray[Any]:
        """Null is NaN."""
        try:
            return np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise refuse(self.label, f"expected {self.dtype.name}, got {shown(_odd(value, _NUMBERS))}") from error

    def _cast(self, array: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore", invalid="ignore"):
            cast = array.astype(self.dtype, copy=False)
        lost = ~(cast == array) if self.dtype.kind in "biu" else np.isinf(cast) & ~np.isinf(array)
        if lost.any():
            place = np.argwhere(lost)[0].tolist()
            got = shown(array[tuple(place)].item())
            raise refuse(f"{self.label}, position {place}", f"expected {self.dtype.name}, got {got}")
        return cast

    def _text(self, value: Any) -> NDArray[Any]:
        try:
            array = np.asarray(value, dtype=object)
        except ValueError as error:
            raise refuse(self.label, f"expected nested lists of equal lengths ({error})") from error
        if self.dtype.kind == "O":
            return array
        if not all(isinstance(item, str) for item in array.flat):
            raise refuse(self.label, f"expected strings, got {shown(_odd(value, (str,)))}")
        return array.astype(self.dtype)


def _odd(value: Any, fits: tuple[type, ...]) -> Any:
    """The first value in nested lists that is none of these; the whole where there is none."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif not isinstance(item, fits):
            return item
    return value


class TensorLayout:
    def __init__(self, names: list[str | None]) -> None:
        self.names = names

    def build(self, arrays: tuple[NDArray[Any], ...], index: list[Any] | None, takes: Takes) -> Any:  # noqa: ARG002 - Layout's signature
        if self.names[0] is None:
            return arrays[0]
        return dict(zip(self.names, arrays, strict=True))


class TensorSignature(Signature):
    def __init__(self, inputs: list[dict[str, Any]]) -> None:
        self.specs = [_spec(spec) for spec in inputs]
        self.named = self.specs[0].name is not None
        self.layout = TensorLayout([spec.name for spec in self.specs])
        self.joinable = all(spec.shape[:1] == (-1,) for spec in self.specs)

    def batch(self, arrays: Mapping[str | None, Any]) -> Batch:
        """The batch of these values by input name.

        Raises:
            InvalidInputError: an input is missing, or a value does not fit its spec.
        """
        if missing := [spec.label for spec in self.specs if spec.name not in arrays]:
            raise refuse(missing[0], f"missing; the model needs {', '.join(spec.label for spec in self.specs)}")
        made = tuple(spec.array(arrays[spec.name]) for spec in self.specs)
        rows = made[0].shape[0] if made[0].ndim else 1
        if not rows:
            raise refuse(self.specs[0].label, "no rows")
        return Batch(layout=self.layout, rows=rows, arrays=made)

    def inputs(self, value: Any) -> Batch:
        return self._whole(value, INPUTS)

    def instances(self, value: Any) -> Batch:
        if self.named and isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return self._by_row(value, INSTANCES)
        return self._whole(value, INSTANCES)

    def _whole(self, value: Any, form: str) -> Batch:
        if self.named and isinstance(value, dict):
            return self.batch(value)
        if len(self.specs) == 1 and isinstance(value, list):
            return self.batch({self.specs[0].name: value})
        expected = "an object with one array for each input" if self.named else "one array"
        raise refuse(form, f"expected {expected}, got {json_name(value)}")

    def _by_row(self, records: list[dict[Any, Any]], form: str) -> Batch:
        columns: dict[str | None, Any] = {}
        for spec in self.specs:
            lacking = next((row for row, record in enumerate(records) if spec.name not in record), None)
            if lacking is not None:
                raise refuse(f"{form}, row {lacking}, {spec.label}", "missing")
            columns[spec.name] = [record[spec.name] for record in records]
        return self.batch(columns)

    def split(self, value: Any) -> Batch:
        if not isinstance(value, dict) or not isinstance(value.get("data"), list) or not value["data"]:
            raise refuse(SPLIT, "expected an object with columns and data, data with at least one row")
        rows = value["data"]
        names = value.get("columns")
        width = len(names) if isinstance(names, list) else len(rows[0]) if isinstance(rows[0], list) else 1
        for row, values in enumerate(rows):
            if not isinstance(values, list) or len(values) != width:
                raise refuse(f"row {row}", f"expected a list of {width} values, got {shown(values)}")
        keys = [str(name) for name in names] if isinstance(names, list) else [str(place) for place in range(width)]
        return self.columns({key: [row[place] for row in rows] for place, key in enumerate(keys)})

    def records(self, value: Any) -> Batch:
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise refuse(RECORDS, f"expected a list of objects, got {json_name(value)}")
        keys = list(value[0])
        odd = next((row for row, record in enumerate(value) if list(record) != keys), None)
        if odd is not None:
            raise refuse(f"{RECORDS}, row {odd}", f"expected the keys of row 0, {keys!r:.200}")
        return self.columns({key: [record[key] for record in value] for key in keys})

    def columns(self, columns: Mapping[str, list[Any]]) -> Batch:
        """Columns of plain values fill one two-dimensional input; a column of lists fills an input of its name."""
        if self.named:
            return self.batch({spec.name: self._shaped(spec, columns.get(spec.name or "")) for spec in self.specs})
        spec = self.specs[0]
        values = list(columns.values())
        if len(values) == 1:
            return self.batch({None: self._shaped(spec, values[0])})
        if spec.shape != (-1, len(values)):
            raise refuse(spec.label, f"expected the shape {list(spec.shape)}, got {len(values)} columns")
        return self.batch({None: [list(row) for row in zip(*values, strict=True)]})

    def _shaped(self, spec: TensorSpec, values: list[Any] | None) -> Any:
        """A column's flat lists in the shape of the input, in C order, as MLflow reads them."""
        if values is None:
            raise refuse(spec.label, "missing")
        shape = (len(values), *spec.shape[1:])
        if spec.shape[:1] != (-1,) or -1 in shape or spec.shape == (-1,):
            return values
        array = spec.typed(values)
        try:
            return array.reshape(shape)
        except ValueError as error:
            raise refuse(spec.label, f"expected the shape {list(spec.shape)}, got {list(array.shape)}") from error

    def metadata(self) -> list[dict[str, Any]]:
        return [
            {
                "name": spec.name or "input-0",
                "datatype": DATATYPES.get(spec.dtype.name, "BYTES"),
                "shape": list(spec.shape),
            }
            for spec in self.specs
        ]


def _spec(spec: dict[str, Any]) -> TensorSpec:
    tensor = spec.get("tensor-spec")
    try:
        name = None if spec.get("name") is None else str(spec["name"])
        return TensorSpec(name, np.dtype(tensor["dtype"]), tuple(int(length) for length in tensor["shape"]))  # type: ignore[index]
    except (TypeError, KeyError, ValueError) as error:
        raise LoadError(
            f"the signature's tensor {tensor!r:.200} cannot be read: {error}",
            hint="Log the model again with a signature that mlflow.models.infer_signature made.",
        ) from error
