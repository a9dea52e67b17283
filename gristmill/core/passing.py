"""A request that is passed on to a server of ours, and its answer, both as they arrive."""

from collections.abc import AsyncIterator, Collection, Mapping

from starlette.requests import ClientDisconnect, Request

from gristmill.core.errors import InvalidInputError, TooLargeError

# Hop-by-hop (RFC 9110, section 7.6.1), and what would let other pages read answers or set cookies here.
_NOT_BACK = {
    "connection",
    "date",
    "keep-alive",
    "location",
    "proxy-authenticate",
    "proxy-connection",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


async def limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The request's body as it arrives.

    Raises:
        TooLargeError: more than `limit` bytes came.
    """
    taken = 0
    try:
        async for chunk in request.stream():
            taken += len(chunk)
            if taken > limit:
                raise TooLargeError(f"the body is larger than the {limit} bytes that are allowed")
            if chunk:
                yield chunk
    except ClientDisconnect as error:
        raise InvalidInputError("the caller went away before its body was complete") from error


def passed_on(headers: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Those of a request's headers that are named; all else stays here: tokens, cookies, who the caller says it is."""
    return {name: value for name, value in headers.items() if name in names}


def passed_back(headers: Mapping[str, str]) -> dict[str, str]:
    """What of an answer's headers is the caller's to see."""
    return {name: value for name, value in headers.items() if _passes(name)}


def _passes(name: str) -> bool:
    return name not in _NOT_BACK and not name.startswith("access-control-")
