"""The Open Inference Protocol, version 2, over HTTP: https://github.com/kserve/open-inference-protocol (REST).

A signature of columns takes one tensor for each column, of shape [n] or [n, 1], or one tensor [n, columns] in the
signature's order. A signature of tensors takes one tensor for each of its inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Batch
from gristmill.serving.columnar import ColumnSignature
from gristmill.serving.columns import SCALARS, json_name
from gristmill.serving.faults import refuse, shown
from gristmill.serving.invocations import decode, with_params
from gristmill.serving.params import ParamSchema
from gristmill.serving.predictions import jsonable
from gristmill.serving.signature import Signature
from gristmill.serving.tensors import DATATYPES, TensorSignature
from gristmill.serving.untyped import Untyped

_INTEGERS = {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
_FLOATS = {"FP16", "FP32", "FP64"}
_KINDS: dict[str, frozenset[type]] = {
    "BOOL": frozenset({bool}),
    "BYTES": frozenset({str, type(None)}),
    **dict.fromkeys(_INTEGERS, frozenset({int})),
    **dict.fromkeys(_FLOATS, frozenset({int, float, type(None)})),
}
_OUTPUT = "predictions"


@dataclass(frozen=True)
class Tensor:
    """One input of a request; `data` is flat, in C order."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: list[Any]

    def nested(self) -> Any:
        """The values as nested lists of the tensor's shape."""
        if len(self.shape) < 2:
            return self.data
        array = np.empty(len(self.data), dtype=object)
        array[:] = self.data
        return array.reshape(self.shape).tolist()


@dataclass(frozen=True)
class InferRequest:
    id: str | None
    batch: Batch
    outputs: tuple[str, ...]  # the names asked for; none asks for all


class OpenInference:
    """Requests to batches and predictions to answers, for one model version."""

    def __init__(
        self,
        *,
        model: str,
        version: str,
        platform: str,
        signature: Signature,
        params: ParamSchema,
        outputs: list[dict[str, Any]] | None,
    ) -> None:
        self.model = model
        self.version = version
        self.platform = platform
        self.signature = signature
        self.params = params
        self.output_specs = [_output(index, spec) for index, spec in enumerate(outputs or ())]

    def metadata(self) -> dict[str, Any]:
        """What GET /v2/models/{name} answers."""
        return {
            "name": self.model,
            "versions": [self.version],
            "platform": self.platform,
            "inputs": self.signature.metadata(),
            "outputs": self.output_specs,
        }

    def parse(self, body: bytes) -> InferRequest:
        """The request that `body` holds.

        Raises:
            InvalidInputError: it is not such a request, or a value is not of its column's type.
        """
        document = decode(body)
        if not isinstance(document, dict):
            raise InvalidInputError(f"the body is a JSON {json_name(document)}: expected an object with inputs")
        inputs = document.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise refuse("inputs", f"expected a list of tensors, got {shown(inputs)}")
        batch = self._batch([_tensor(place, spec) for place, spec in enumerate(inputs)])
        params = self.params.convert(_parameters(document) or None)
        identity = document.get("id")
        return InferRequest(
            id=None if identity is None else str(identity),
            batch=batch if params is None else with_params(batch, params),
            outputs=_asked(document.get("outputs")),
        )

    def _batch(self, tensors: list[Tensor]) -> Batch:
        named = {tensor.name: tensor for tensor in tensors}
        if len(named) < len(tensors):
            raise refuse("inputs", f"a name stands there twice: {shown([tensor.name for tensor in tensors])}")
        if isinstance(self.signature, TensorSignature):
            return self._tensors(self.signature, named)
        if isinstance(self.signature, Untyped):
            values = {tensor.name: tensor.nested() for tensor in tensors}
            return self.signature.inputs(values if len(tensors) > 1 else tensors[0].nested())
        if isinstance(self.signature, ColumnSignature) and (matrix := self._matrix(self.signature, tensors)):
            return matrix
        return self.signature.columns(_columns(named))

    def _tensors(self, signature: TensorSignature, named: Mapping[str, Tensor]) -> Batch:
        if signature.named:
            return signature.batch({name: tensor.nested() for name, tensor in named.items()})
        if len(named) > 1:
            raise refuse("inputs", f"expected one tensor, got {len(named)}")
        return signature.batch({None: next(iter(named.values())).nested()})

    def _matrix(self, signature: ColumnSignature, tensors: list[Tensor]) -> Batch | None:
        """One tensor of shape [n, columns], or of no column's name, holds whole rows."""
        tensor = tensors[0]
        width = len(signature.all)
        is_column = any(column.name == tensor.name for column in signature.all)
        if len(tensors) > 1 or len(tensor.shape) != 2 or (is_column and width == 1):
            return None
        if tensor.shape[1] != width:
            raise refuse(f"input {tensor.name!r}", f"expected the shape [rows, {width}], got {list(tensor.shape)}")
        return signature.rows(tensor.nested())

    def answer(self, request: InferRequest, predictions: Any) -> dict[str, Any]:
        """The body that answers `request`.

        Raises:
            InvalidInputError: an output was asked for that the model does not have.
        """
        outputs = self._outputs(predictions)
        if unknown := set(request.outputs) - outputs.keys():
            raise refuse("outputs", f"the model has no {shown(sorted(unknown))}: it has {shown(list(outputs))}")
        asked = request.outputs or tuple(outputs)
        body = {"model_name": self.model, "model_version": self.version}
        if request.id is not None:
            body["id"] = request.id
        return {**body, "outputs": [_encoded(name, outputs[name]) for name in asked]}

    def _outputs(self, predictions: Any) -> dict[str, Any]:
        """The answer as arrays by name: a frame's columns, a mapping's items, else the one output."""
        if hasattr(predictions, "iloc"):
            frame = predictions if predictions.ndim == 2 else predictions.to_frame(self._only())
            return {str(name): frame[name].to_numpy() for name in frame.columns}
        if isinstance(predictions, Mapping):
            return {str(name): _as_array(value) for name, value in predictions.items()}
        return {self._only(): _as_array(predictions)}

    def _only(self) -> str:
        return str(self.output_specs[0]["name"]) if len(self.output_specs) == 1 else _OUTPUT


def _tensor(place: int, spec: Any) -> Tensor:
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise refuse(f"inputs, item {place}", f"expected an object with name, shape, datatype, data, got {shown(spec)}")
    where = f"input {spec['name']!r}"
    shape, datatype, data = spec.get("shape"), spec.get("datatype"), spec.get("data")
    if not isinstance(shape, list) or not all(type(length) is int and length >= 0 for length in shape):
        raise refuse(where, f"expected shape as a list of lengths, got {shown(shape)}")
    if datatype not in _KINDS:
        raise refuse(where, f"expected datatype as one of {', '.join(sorted(_KINDS))}, got {shown(datatype)}")
    if not isinstance(data, list):
        hint = "The binary tensor extension is not supported: send data as JSON." if data is None else None
        raise refuse(where, f"expected data as an array, got {json_name(data)}", hint=hint)
    flat = _flat(data)
    if len(flat) != prod(shape):
        raise refuse(where, f"the shape {shape} has {prod(shape)} values, data has {len(flat)}")
    if not set(map(type, flat)) <= _KINDS[datatype]:
        index, odd = next((i, value) for i, value in enumerate(flat) if type(value) not in _KINDS[datatype])
        row = index // max(1, prod(shape[1:]))
        raise refuse(f"row {row}, {where}", f"expected {datatype}, got {shown(odd)} ({json_name(odd)})")
    return Tensor(spec["name"], tuple(shape), datatype, flat)


def _flat(data: list[Any]) -> list[Any]:
    while any(type(item) is list for item in data):
        data = [value for item in data for value in (item if type(item) is list else (item,))]
    return data


def _columns(named: Mapping[str, Tensor]) -> dict[str, list[Any]]:
    """Tensors of shape [n] or [n, 1] as columns."""
    lengths = {}
    for name, tensor in named.items():
        if len(tensor.shape) not in {1, 2} or (len(tensor.shape) == 2 and tensor.shape[1] != 1):
            raise refuse(f"input {name!r}", f"expected the shape [rows] or [rows, 1], got {list(tensor.shape)}")
        lengths[name] = tensor.shape[0]
    if len(set(lengths.values())) > 1:
        raise refuse("inputs", f"the tensors differ in rows: {shown(lengths)}")
    return {name: tensor.data for name, tensor in named.items()}


def _parameters(document: dict[str, Any]) -> dict[str, Any]:
    parameters = document.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise refuse("parameters", f"expected an object, got {json_name(parameters)}")
    return parameters


def _asked(outputs: Any) -> tuple[str, ...]:
    if outputs is None:
        return ()
    if not isinstance(outputs, list) or not all(
        isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs
    ):
        raise refuse("outputs", f"expected a list of objects with a name, got {shown(outputs)}")
    return tuple(output["name"] for output in outputs)


def _output(index: int, spec: dict[str, Any]) -> dict[str, Any]:
    if spec.get("type") == "tensor":
        tensor = spec.get("tensor-spec", {})
        datatype, shape = DATATYPES.get(str(tensor.get("dtype")), "BYTES"), list(tensor.get("shape", [-1]))
    else:
        scalar = SCALARS.get(str(spec.get("type")))
        datatype, shape = scalar.datatype if scalar else "BYTES", [-1]
    return {
        "name": str(spec.get("name") or (_OUTPUT if index == 0 else f"{_OUTPUT}-{index}")),
        "datatype": datatype,
        "shape": shape,
    }


def _as_array(value: Any) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths
        cells = np.empty(len(value), dtype=object)
        cells[:] = value
        return cells


def _encoded(name: str, value: Any) -> dict[str, Any]:
    array = value if value.dtype.kind in "biufSUO" else value.astype(str)
    datatype = DATATYPES.get(array.dtype.name, "BYTES")
    shape = list(array.shape) or [1]
    return {"name": name, "shape": shape, "datatype": datatype, "data": jsonable(array.reshape(-1))}
