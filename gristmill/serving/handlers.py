"""What each route of an endpoint answers."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from time import monotonic
from typing import Any

import orjson

from gristmill import __version__
from gristmill.core.errors import GristmillError
from gristmill.serving.batch import Batch
from gristmill.serving.batching import Batcher
from gristmill.serving.errors import ModelFaultError, UnsupportedMediaTypeError
from gristmill.serving.http import Response
from gristmill.serving.metrics import CONTENT_TYPE, Metrics
from gristmill.serving.missing import with_missing
from gristmill.serving.predictions import answer_body, dumps
from gristmill.serving.served import ServedModel, model_error

_LOG_EVERY_S = 1.0
_LOG = logging.getLogger("gristmill.serving")

Headers = Mapping[bytes, bytes]
Handler = Callable[[Headers, bytes], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """`name` stands in the metrics; `keyed` routes need an API key."""

    name: str
    method: str
    handler: Handler
    keyed: bool = True


class Handlers:
    """Answers around one served model. `draining` True: not ready for more, though what comes is answered."""

    def __init__(
        self, model: ServedModel, batcher: Batcher, metrics: Metrics, more_metrics: Callable[[], list[str]]
    ) -> None:
        self.draining = False
        self._model = model
        self._batcher = batcher
        self._counts = metrics
        self._more_metrics = more_metrics
        self._mlflow_version = _mlflow_version()
        self._next_log = 0.0

    def routes(self) -> dict[str, Route]:
        """Routes by path. Health, version and metrics tell nothing of the data, and ask for no key."""
        name, version = self._model.variant.model, self._model.variant.version
        models = (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}")
        health = Route("health", "GET", self._ping, keyed=False)
        return {
            "/invocations": Route("invocations", "POST", self._invocations),
            "/ping": health,
            "/health": health,
            "/version": Route("version", "GET", self._version, keyed=False),
            "/metrics": Route("metrics", "GET", self._metrics, keyed=False),
            "/v2": Route("v2", "GET", self._server, keyed=False),
            "/v2/health/live": Route("v2_live", "GET", self._live, keyed=False),
            "/v2/health/ready": Route("v2_ready", "GET", self._ready, keyed=False),
            **{path: Route("v2_metadata", "GET", self._metadata) for path in models},
            **{f"{path}/ready": Route("v2_model_ready", "GET", self._model_ready) for path in models},
            **{f"{path}/infer": Route("v2_infer", "POST", self._infer) for path in models},
        }

    async def _invocations(self, headers: Headers, body: bytes) -> Response:
        content_type = headers.get(b"content-type")
        batch = self._model.invocations.parse(None if content_type is None else content_type.decode("latin-1"), body)
        predictions = await self._predict(batch)
        return Response(_encoded(answer_body, predictions, unwrapped=batch.unwrapped))

    async def _infer(self, headers: Headers, body: bytes) -> Response:
        if b"inference-header-content-length" in headers:
            raise UnsupportedMediaTypeError("the binary tensor extension is not supported: send tensors as JSON")
        request = self._model.open_inference.parse(body)
        predictions = await self._predict(request.batch)
        return Response(_encoded(dumps, self._model.open_inference.answer(request, predictions)))

    async def _predict(self, batch: Batch) -> Any:
        try:
            predictions = await self._batcher.predict(batch)
        except GristmillError:
            raise
        except Exception as error:
            told = with_missing(model_error(error), batch)
            if told.status >= 500:
                self._log_failure()
            raise told from error
        self._counts.predictions.add()
        self._counts.rows.add(amount=batch.rows)
        return predictions

    def _log_failure(self) -> None:
        """The whole error, once a second at most: a broken model must not fill the disk."""
        now = monotonic()
        if now >= self._next_log:
            self._next_log = now + _LOG_EVERY_S
            _LOG.exception("the model failed")

    async def _ping(self, _headers: Headers, _body: bytes) -> Response:
        return Response(b"\n", self._ready_status)

    async def _version(self, _headers: Headers, _body: bytes) -> Response:
        return Response(self._mlflow_version.encode())

    async def _server(self, _headers: Headers, _body: bytes) -> Response:
        return _json({"name": "gristmill", "version": __version__, "extensions": []})

    async def _live(self, _headers: Headers, _body: bytes) -> Response:
        return _json({"live": True})

    async def _ready(self, _headers: Headers, _body: bytes) -> Response:
        return _json({"ready": not self.draining}, self._ready_status)

    async def _metadata(self, _headers: Headers, _body: bytes) -> Response:
        return _json(self._model.open_inference.metadata())

    async def _model_ready(self, _headers: Headers, _body: bytes) -> Response:
        return _json({"name": self._model.variant.model, "ready": not self.draining}, self._ready_status)

    async def _metrics(self, _headers: Headers, _body: bytes) -> Response:
        text = self._counts.text(self._more_metrics())
        return Response(text.encode(), headers=((b"content-type", CONTENT_TYPE.encode()),))

    @property
    def _ready_status(self) -> int:
        return 503 if self.draining else 200


def _mlflow_version() -> str:
    """The MLflow whose protocol is spoken, as its own server answers; found without importing it."""
    for package in ("mlflow", "mlflow-skinny"):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return "3.17"


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status)


def _encoded(encode: Callable[..., bytes], value: Any, **options: Any) -> bytes:
    try:
        return encode(value, **options)
    except TypeError as error:  # orjson's JSONEncodeError among them
        raise ModelFaultError(f"the model's answer cannot be written as JSON: {error}") from error
