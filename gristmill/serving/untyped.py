"""Requests for a model without a signature: the values go to it as MLflow's scoring server would send them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gristmill.serving.batch import Batch, raw_batch
from gristmill.serving.columns import json_name
from gristmill.serving.faults import refuse
from gristmill.serving.signature import INPUTS, INSTANCES, RECORDS, SPLIT, Signature


class Untyped(Signature):
    """Nothing is checked but the form, and requests are not joined: their columns may differ."""

    joinable = False

    def split(self, value: Any) -> Batch:
        if not isinstance(value, dict) or not isinstance(value.get("data"), list):
            raise refuse(SPLIT, "expected an object with data, and optionally columns and index")
        if unknown := value.keys() - {"columns", "data", "index"}:
            raise refuse(SPLIT, f"unknown keys {', '.join(sorted(map(str, unknown)))}")
        return _frame(SPLIT, value["data"], columns=value.get("columns"), index=value.get("index"))

    def records(self, value: Any) -> Batch:
        if not isinstance(value, list):
            raise refuse(RECORDS, f"expected a list of objects, got {json_name(value)}")
        return _frame(RECORDS, value)

    def instances(self, value: Any) -> Batch:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            if not all(isinstance(item, dict) and item.keys() == value[0].keys() for item in value):
                raise refuse(INSTANCES, "expected the same keys in every row")
            return self.inputs({key: [item[key] for item in value] for key in value[0]})
        return self._array(value, INSTANCES)

    def inputs(self, value: Any) -> Batch:
        return self._array(value, INPUTS)

    def _array(self, value: Any, form: str) -> Batch:
        if isinstance(value, dict):
            arrays = {key: _array(item, f"{form}.{key}") for key, item in value.items()}
            return raw_batch(arrays, rows=max((len(a) if a.ndim else 1 for a in arrays.values()), default=1))
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return raw_batch(
                [{key: _array(item, form) for key, item in record.items()} for record in value], rows=len(value)
            )
        array = _array(value, form)
        return raw_batch(array, rows=len(array) if array.ndim else 1)

    def columns(self, columns: Mapping[str, list[Any]]) -> Batch:
        import pandas as pd

        return _frame("data", pd.DataFrame(dict(columns)))

    def metadata(self) -> list[dict[str, Any]]:
        return []


def _array(value: Any, where: str) -> Any:
    try:
        return np.array(value)
    except ValueError as error:
        raise refuse(where, f"expected nested lists of equal lengths ({error})") from error


def _frame(where: str, data: Any, **arguments: Any) -> Batch:
    import pandas as pd

    try:
        frame = pd.DataFrame(data, **arguments)
    except (ValueError, TypeError, AssertionError) as error:
        raise refuse(where, f"not a table: {error}") from error
    if frame.empty:
        raise refuse(where, "no rows")
    return raw_batch(frame, rows=len(frame))


class TypeHinted(Untyped):
    """A pyfunc model that checks its own input by type hints: `inputs` goes to it as it came."""

    def inputs(self, value: Any) -> Batch:
        return raw_batch(value, rows=len(value) if isinstance(value, list) else 1)

    def parse(self, form: str, value: Any) -> Batch:
        if form != INPUTS:
            raise refuse(form, "this model has type hints", hint='Send {"inputs": […]}, one item for each row.')
        return self.inputs(value)
