"""A model's signature, compiled once: what a request's rows must be, and the arrays that they become.

The rules are MLflow's (mlflow/models/utils.py, mlflow/utils/proto_json_utils.py of 3.17), with one difference: where
MLflow would change a value silently (cut 1.5 to 1, read "false" as true, null as false), the request is refused.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Batch
from gristmill.serving.errors import LoadError
from gristmill.serving.nested import parse_type
from gristmill.serving.table import Column

RECORDS = "dataframe_records"
SPLIT = "dataframe_split"
INSTANCES = "instances"
INPUTS = "inputs"
FORMS = (SPLIT, RECORDS, INSTANCES, INPUTS)


class Signature(ABC):
    """What a request's rows must be. Every method raises InvalidInputError where they are not, naming row and column.

    `joinable` says whether rows of several requests may go to the model in one call, as far as the input is concerned.
    """

    joinable = True
    numeric = False  # every column is a number: a row fits one numpy array

    @abstractmethod
    def split(self, value: Any) -> Batch:
        """`{"columns": […], "data": [[…], …], "index": […]}`, index and, without names, columns optional."""

    @abstractmethod
    def records(self, value: Any) -> Batch:
        """`[{column: value, …}, …]`."""

    @abstractmethod
    def instances(self, value: Any) -> Batch:
        """TensorFlow Serving's row format."""

    @abstractmethod
    def inputs(self, value: Any) -> Batch:
        """TensorFlow Serving's column format: a column's values by its name, or one array."""

    @abstractmethod
    def columns(self, columns: Mapping[str, list[Any]]) -> Batch:
        """Values by column name (or, in a signature without names, in order)."""

    @abstractmethod
    def metadata(self) -> list[dict[str, Any]]:
        """The inputs as the Open Inference Protocol describes tensors."""

    def parse(self, form: str, value: Any) -> Batch:
        """The batch of a JSON body that holds `value` at the key `form`."""
        if form == SPLIT:
            return self.split(value)
        if form == RECORDS:
            return self.records(value)
        return self.instances(value) if form == INSTANCES else self.inputs(value)


def compile_signature(folder: ModelFolder) -> Signature:
    """The compiled inputs of a model's signature.

    Raises:
        LoadError: the signature cannot be read.
    """
    from gristmill.serving.columnar import ColumnSignature
    from gristmill.serving.tensors import TensorSignature
    from gristmill.serving.untyped import TypeHinted, Untyped

    if folder.from_type_hint:
        return TypeHinted()
    if not folder.inputs:
        return Untyped()
    tensors = [spec.get("type") == "tensor" for spec in folder.inputs]
    if all(tensors):
        return TensorSignature(folder.inputs)
    if any(tensors):
        raise LoadError("the signature mixes tensors and columns", hint="Log the model again with one kind.")
    return ColumnSignature([_column(index, spec) for index, spec in enumerate(folder.inputs)])


def _column(position: int, spec: dict[str, Any]) -> Column:
    name = spec.get("name")
    return Column(
        position=position,
        name=None if name is None else str(name),
        kind=parse_type(spec, f"column {position if name is None else name!r}"),
        required=bool(spec.get("required", not spec.get("optional", False))),
    )
