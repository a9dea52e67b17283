"""The traces that a body of OpenTelemetry spans belongs to (OTLP/HTTP, ExportTraceServiceRequest in protobuf)."""

import zlib
from collections.abc import Iterator

from gristmill.core.errors import InvalidInputError, TooLargeError

# ExportTraceServiceRequest.resource_spans / ResourceSpans.scope_spans / ScopeSpans.spans / Span.trace_id
_PATH = (1, 2, 2, 1)
_WINDOWS = {"gzip": 31, "deflate": 15}


def trace_ids(body: bytes) -> set[str]:
    """MLflow's ids of all traces in the body.

    Raises:
        InvalidInputError: this is no such message.
    """
    try:
        return {f"tr-{int.from_bytes(value):032x}" for value in _values(memoryview(body), _PATH)}
    except (IndexError, ValueError) as error:
        raise InvalidInputError("the body is no OpenTelemetry trace export in protobuf") from error


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content coding.

    Raises:
        InvalidInputError: a coding that OTLP does not name, or damaged data.
        TooLargeError: it would be larger than `limit` bytes.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in _WINDOWS:
        raise InvalidInputError(f"content coding {encoding!r} is not known: expected gzip or deflate")
    stream = zlib.decompressobj(_WINDOWS[encoding])
    try:
        data = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise InvalidInputError(f"the body is not {encoding}: {error}") from error
    if len(data) > limit:
        raise TooLargeError(f"the spans are larger than {limit} bytes")
    return data


def _values(message: memoryview, path: tuple[int, ...]) -> Iterator[bytes]:
    for number, value in _fields(message):
        if number != path[0]:
            continue
        if len(path) == 1:
            yield bytes(value)
        else:
            yield from _values(value, path[1:])


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The length-delimited fields of a message (https://protobuf.dev/programming-guides/encoding/)."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            _, at = _varint(message, at)
        elif wire_type == 1:
            at += 8
        elif wire_type == 5:
            at += 4
        elif wire_type == 2:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {wire_type}")
    if at != len(message):
        raise ValueError("the message ends inside a field")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("varint")
