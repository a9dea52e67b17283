"""How a call becomes bytes and an answer becomes a value, the same for both transports."""

from typing import Any, TypeVar

import msgspec

from gristmill.client.call import Call
from gristmill.core.errors import GristmillError, InvalidInputError, Problem, UnavailableError, error_from_problem

T = TypeVar("T")


def request_arguments(request: Call[Any]) -> dict[str, Any]:
    """What httpx needs to send it.

    Raises:
        InvalidInputError: for text that is no Unicode, as from a command line in another encoding.
    """
    content, headers = request.content, {}
    query = {
        name: [_text(one) for one in value] if isinstance(value, list | tuple) else _text(value)
        for name, value in request.query.items()
    }
    try:
        if request.body is not None:
            content = msgspec.json.encode(request.body)
            headers["Content-Type"] = "application/json"
        for value in query.values():
            "".join(value).encode()
    except UnicodeEncodeError as error:
        got = ascii(error.object[max(0, error.start - 40) : error.end + 40])
        raise InvalidInputError(f"{got} is no Unicode text: expected UTF-8", hint="Give it in UTF-8.") from error
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
    except msgspec.DecodeError as error:
        raise UnavailableError(
            f"the control plane's answer to {request.method} {request.path} cannot be read: {error}",
            hint="Client and control plane may be of different versions: `gristmill server stop`, then try again.",
        ) from error


def read_problem(status: int, body: bytes) -> GristmillError:
    try:
        return error_from_problem(msgspec.json.decode(body, type=Problem))
    except msgspec.DecodeError:
        text = body[:500].decode(errors="replace")
        return GristmillError(f"the control plane answered {status}: {text}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
