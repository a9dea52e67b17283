"""The endpoint's ASGI application: who may ask, what is too much, and what a fault looks like."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter, time
from typing import Any

from gristmill.core.errors import GristmillError, NotFoundError
from gristmill.endpoints.model import DesiredState
from gristmill.serving.access import access_of, encoded
from gristmill.serving.batching import Batcher
from gristmill.serving.errors import MethodNotAllowedError, ModelFaultError, OverloadedError, UnsupportedMediaTypeError
from gristmill.serving.handlers import Handlers, Headers, Route
from gristmill.serving.http import (
    DisconnectedError,
    Header,
    Receive,
    Response,
    Send,
    read_body,
    refusal,
    send_response,
)
from gristmill.serving.metrics import Metrics, counter, gauge
from gristmill.serving.report import KeysInForce
from gristmill.serving.served import ServedModel

BODY_LIMIT = 16 * 1024 * 1024
HELD_LIMIT = 256 * 1024 * 1024  # bytes of all bodies that are being answered
_CHUNKED = 1024 * 1024  # what a body of unknown length counts for
_CLOSE: Header = (b"connection", b"close")
_LOG = logging.getLogger("gristmill.serving")


class EndpointApp:
    """Made inside the running loop."""

    def __init__(self, desired: DesiredState, model: ServedModel, *, body_limit: int = BODY_LIMIT) -> None:
        self.metrics = Metrics()
        self.batcher = Batcher(model.predictor, joinable=model.joinable)
        self._desired = desired
        self._model = model
        self._access = access_of(desired)
        self._body_limit = body_limit
        self._held = 0
        self._handlers = Handlers(model, self.batcher, self.metrics, self._gauges)
        self._routes = self._handlers.routes()
        variant = model.variant
        self._headers: tuple[Header, ...] = (
            (b"x-gristmill-variant", variant.name.encode("unicode_escape")),
            (b"x-gristmill-model", f"{variant.model}/{variant.version}".encode("unicode_escape")),
        )

    def accept(self, keys: KeysInForce) -> None:
        """From now on these keys are taken, and no others. Any thread may say so."""
        self._access = replace(self._access, key_hashes=encoded(keys.key_hashes))
        self._desired = replace(self._desired, generation=keys.generation, key_hashes=keys.key_hashes)

    def drain(self) -> None:
        """From now on every answer closes its connection, and health says not ready."""
        self._handlers.draining = True
        self._headers += (_CLOSE,)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        start = perf_counter()
        route = self._routes.get(scope["path"].rstrip("/"))
        self.metrics.in_flight += 1
        try:
            response = await self._answer(scope, route, receive)
            await send_response(send, response, self._headers)
        except DisconnectedError:
            return
        finally:
            self.metrics.in_flight -= 1
        self.metrics.done(route.name if route else "other", response.status, perf_counter() - start)

    async def _answer(self, scope: Mapping[str, Any], route: Route | None, receive: Receive) -> Response:
        try:
            headers = dict(scope["headers"])
            self._access.check_host(headers)
            known = self._allowed(scope, route, headers)
            if known.method == "GET":
                return await known.handler(headers, b"")
            return await self._answer_body(known, headers, receive)
        except GristmillError as error:
            return refusal(error)
        except DisconnectedError:
            raise
        except Exception as error:  # noqa: BLE001 - logged whole, and told as a fault of ours
            _LOG.exception("%s %s failed", scope["method"], scope["path"])
            return refusal(ModelFaultError(f"the endpoint failed: {type(error).__name__}", hint="See its log."))

    def _allowed(self, scope: Mapping[str, Any], route: Route | None, headers: Headers) -> Route:
        if route is None:
            raise NotFoundError(f"there is no {scope['path']!r} here", hint=f"There are: {', '.join(self._routes)}")
        key = self._access.check_key(headers) if route.keyed else None
        if key is not None:
            self.metrics.came_with(key, time())
        if scope["method"] != route.method and (scope["method"], route.method) != ("HEAD", "GET"):
            raise MethodNotAllowedError(f"{scope['method']} is not allowed here: expected {route.method}")
        return route

    async def _answer_body(self, route: Route, headers: Headers, receive: Receive) -> Response:
        """Holds the body's bytes against the limit until it is answered."""
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedMediaTypeError("the body is encoded: expected it without Content-Encoding")
        length = headers.get(b"content-length")
        size = min(int(length), self._body_limit) if length is not None and length.isdigit() else _CHUNKED
        if self._held + size > HELD_LIMIT:
            raise OverloadedError(f"{self._held} bytes of requests are being answered: expected {HELD_LIMIT} at most")
        self._held += size
        try:
            return await route.handler(headers, await read_body(receive, length, self._body_limit))
        finally:
            self._held -= size

    def _gauges(self) -> list[str]:
        variant, counts = self._model.variant, self.batcher.counts
        labels = {
            "endpoint": self._desired.name,
            "generation": str(self._desired.generation),
            "variant": variant.name,
            "model": variant.model,
            "version": variant.version,
            "tier": self._model.predictor.tier.value,
        }
        return [
            *gauge("gristmill_in_flight", "Requests that are being answered.", self.metrics.in_flight),
            *gauge("gristmill_queue_length", "Requests that wait for the model.", self.batcher.waiting),
            *gauge("gristmill_model_info", "The model that answers.", 1, tuple(labels.items())),
            *counter("gristmill_model_calls_total", "Calls of the model, some for several requests.", counts.calls),
            *counter("gristmill_model_rows_total", "Rows that went to the model.", counts.rows),
            *counter("gristmill_model_seconds_total", "Time spent in the model.", counts.seconds),
            *counter("gristmill_joint_faults_total", "Joint calls made again one by one.", counts.joint_faults),
        ]
