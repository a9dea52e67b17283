"""Asking an endpoint, straight at its own address: the control plane has no part in it."""

from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from gristmill.client.transports import why_away
from gristmill.core.errors import (
    ConflictError,
    Fault,
    ForbiddenError,
    GristmillError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from gristmill.core.tls import trust_for

TIMEOUT = httpx.Timeout(60.0, connect=5.0)

_KINDS: dict[int, type[GristmillError]] = {
    400: InvalidInputError,
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    415: InvalidInputError,
    503: UnavailableError,
}


class Predictor:
    """Keeps its connection open from one prediction to the next. Safe to share between threads."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, verify=trust_for(url))

    def predict(self, body: Any) -> Any:
        """What `POST /invocations` answers to `body`: JSON text as bytes, or what JSON can hold.

        Raises:
            InvalidInputError: the endpoint refuses the input; a fault for each value that is wrong.
            UnauthenticatedError: it does not know the key.
            UnavailableError: it does not answer.
            GristmillError: the model failed.
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        try:
            answer = self._http.post("/invocations", content=content, headers={"Content-Type": "application/json"})
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"the endpoint at {self.url} does not answer: {why_away(error)}",
                hint="`gristmill endpoints list` shows how it is.",
            ) from error
        if answer.status_code >= 400:
            raise refusal(answer.status_code, answer.content)
        return msgspec.json.decode(answer.content)

    def connect(self) -> None:
        """Opens the connection, so that the next prediction's time is its own."""
        try:
            self._http.get("/health")
        except httpx.HTTPError:
            return  # whoever predicts next is told

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def refusal(status: int, body: bytes) -> GristmillError:
    """The error that an endpoint answered with: `{"error", "hint", "faults"}`."""
    kind = _KINDS.get(status, GristmillError)
    try:
        said = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return kind(f"the endpoint answered {status}: {body[:500].decode(errors='replace')}")
    return kind(said.error, hint=said.hint, faults=said.faults)


class _Refusal(msgspec.Struct):
    error: str
    hint: str | None = None
    faults: tuple[Fault, ...] = ()
