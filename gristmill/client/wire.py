"""How a call becomes bytes and an answer becomes a value, the same for both transports."""

from typing import Any, TypeVar

import msgspec

from gristmill.client.call import Call
from gristmill.core.errors import GristmillError, Problem, UnavailableError, error_from_problem

T = TypeVar("T")


def request_arguments(request: Call[Any]) -> dict[str, Any]:
    """What httpx needs to send it."""
    content, headers = request.content, {}
    if request.body is not None:
        content = msgspec.json.encode(request.body)
        headers["Content-Type"] = "application/json"
    query = {
        name: [_text(one) for one in value] if isinstance(value, list | tuple) else _text(value)
        for name, value in request.query.items()
    }
    return {"method": request.method, "url": request.path, "params": query, "content": content, "headers": headers}


def read_answer(request: Call[T], status: int, body: bytes) -> T:
    """The answer as the call's type.

    Raises:
        GristmillError: the one that the control plane answered with, or that its answer cannot be read.
    """
    if status >= 400:
        raise read_problem(status, body)
    if request.answer is bytes:
        return body  # type: ignore[return-value]  # T is bytes here
    if request.answer is type(None):
        return None
    try:
        return msgspec.json.decode(body, type=request.answer)
    except msgspec.ValidationError as error:
        raise UnavailableError(
            f"the control plane's answer to {request.method} {request.path} cannot be read: {error}",
            hint="Client and control plane may be of different versions: `gristmill server stop`, then try again.",
        ) from error


def read_problem(status: int, body: bytes) -> GristmillError:
    try:
        return error_from_problem(msgspec.json.decode(body, type=Problem))
    except (msgspec.ValidationError, msgspec.DecodeError):
        text = body[:500].decode(errors="replace")
        return GristmillError(f"the control plane answered {status}: {text}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
