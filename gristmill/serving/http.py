"""The little of HTTP that an endpoint needs on top of ASGI: https://asgi.readthedocs.io/en/stable/specs/www.html."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from gristmill.core.errors import GristmillError, TooLargeError
from gristmill.serving.errors import error_body

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON_TYPE = (b"content-type", b"application/json")


class DisconnectedError(Exception):
    """The client went away before its request was whole."""


@dataclass(frozen=True, slots=True)
class Response:
    body: bytes
    status: int = 200
    headers: tuple[Header, ...] = field(default=(JSON_TYPE,))


def refusal(error: GristmillError) -> Response:
    headers: tuple[Header, ...] = (JSON_TYPE,)
    if error.status == 401:
        headers += ((b"www-authenticate", b"Bearer"),)
    if error.status == 503:
        headers += ((b"retry-after", b"1"),)
    return Response(error_body(error), error.status, headers)


async def read_body(receive: Receive, length: bytes | None, limit: int) -> bytes:
    """The whole body.

    Raises:
        TooLargeError: it is, or says that it will be, longer than `limit`.
        DisconnectedError: the client went away.
    """
    if length is not None and length.isdigit() and int(length) > limit:
        raise _too_large(int(length), limit)
    message = await receive()
    if not message.get("more_body") and message["type"] == "http.request":  # nearly every request
        return _within(message.get("body", b""), limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(size, limit)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(len(body), limit)
    return body


def _too_large(size: int, limit: int) -> TooLargeError:
    return TooLargeError(
        f"the body has {size} bytes or more: expected at most {limit}", hint="Send fewer rows in one request."
    )


async def send_response(send: Send, response: Response, more: tuple[Header, ...]) -> None:
    headers = [*response.headers, *more, (b"content-length", str(len(response.body)).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
