"""POST /invocations: every form that MLflow's scoring server takes (mlflow/pyfunc/scoring_server of 3.17)."""

import json
from typing import Any

import orjson

from gristmill.core.errors import InvalidInputError
from gristmill.serving.batch import Batch, raw_batch
from gristmill.serving.bodies import request_example
from gristmill.serving.columns import json_name
from gristmill.serving.errors import UnsupportedMediaTypeError
from gristmill.serving.faults import shown
from gristmill.serving.params import ParamSchema
from gristmill.serving.signature import FORMS, Signature
from gristmill.serving.tabular_text import from_csv, from_parquet

JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
_UNIFIED = ("messages", "prompt", "input")  # what chat, completion and embedding clients send


class Invocations:
    """Bodies to batches, for one model. `unified`: the model understands chat and completion bodies as they come."""

    def __init__(self, signature: Signature, params: ParamSchema, *, unified: bool = False) -> None:
        self.signature = signature
        self.params = params
        self.unified = unified
        self._example = f"For example: {request_example(signature)}."

    def parse(self, content_type: str | None, body: bytes) -> Batch:
        """The batch that a request's body holds.

        Raises:
            UnsupportedMediaTypeError: the content type is none of JSON, CSV, Parquet, or the charset is not UTF-8.
            InvalidInputError: the body is not what it should be; values that are wrong are named by row and column.
        """
        if content_type == JSON:  # nearly every request
            return self.from_json(body)
        kind = media_type(content_type)
        if kind == JSON:
            return self.from_json(body)
        return from_csv(body, self.signature) if kind == CSV else from_parquet(body, self.signature)

    def from_json(self, body: bytes) -> Batch:
        document = decode(body, self._example)
        if not isinstance(document, dict):
            raise InvalidInputError(
                f"the body is a JSON {json_name(document)}: expected an object with one of {', '.join(FORMS)}",
                hint=self._example,
            )
        if self.unified and any(key in document for key in _UNIFIED):
            return self._unified(document)
        found = [form for form in FORMS if form in document]
        if len(found) != 1:
            got = f"both {' and '.join(found)}" if found else f"the keys {shown(list(document))}"
            raise InvalidInputError(f"expected exactly one of {', '.join(FORMS)}, got {got}", hint=self._example)
        batch = self.signature.parse(found[0], document[found[0]])
        params = self.params.convert(document.get("params"))
        return batch if params is None else with_params(batch, params)

    def _unified(self, document: dict[str, Any]) -> Batch:
        """A chat body goes to the model as it is, but for the parameters of its signature."""
        names = {param.name for param in self.params.params}
        params = self.params.convert({key: value for key, value in document.items() if key in names})
        batch = raw_batch({key: value for key, value in document.items() if key not in names}, unwrapped=True)
        return batch if params is None else with_params(batch, params)


def with_params(batch: Batch, params: dict[str, Any]) -> Batch:
    return Batch(
        layout=batch.layout,
        rows=batch.rows,
        arrays=batch.arrays,
        index=batch.index,
        unwrapped=batch.unwrapped,
        params=params,
    )


def decode(body: bytes, hint: str | None = None) -> Any:
    """The JSON value of `body`; `hint` is for who sends something else.

    Python's own words for not-a-number are understood, as MLflow's clients send them.

    Raises:
        InvalidInputError: it is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" in body or b"Infinity" in body or "infinity" in error.msg:
            try:
                return json.loads(body)
            except (ValueError, RecursionError):
                pass  # the first error says more
        raise InvalidInputError(f"the body is not JSON: {error}", hint=hint) from error


def media_type(header: str | None) -> str:
    """The content type without its parameters, of which only `charset=utf-8` may be there.

    Raises:
        UnsupportedMediaTypeError: it is none that a body may have.
    """
    kind, *parameters = [part.strip() for part in (header or "").lower().split(";")]
    if kind not in {JSON, CSV, PARQUET}:
        raise UnsupportedMediaTypeError(
            f"content type {header!r} is not supported: expected {JSON}, {CSV} or {PARQUET}",
            hint="With curl: -H 'Content-Type: application/json'.",
        )
    for parameter in filter(None, parameters):
        name, _, value = parameter.partition("=")
        if name.strip() != "charset" or value.strip().strip('"') not in {"utf-8", "utf8"}:
            raise UnsupportedMediaTypeError(f"content type parameter {parameter!r}: expected charset=utf-8 or none")
    return kind
