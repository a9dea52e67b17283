"""Trace ids are read out of OpenTelemetry's protobuf without a library for it."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.core.errors import GristmillError, InvalidInputError, TooLargeError
from gristmill.tracking.otlp import decompressed, trace_ids


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def export(*traces: bytes) -> bytes:
    """One span of each trace, whose id stands behind its name; each in a scope of its own."""
    attribute = field(1, b"service.name") + field(2, field(1, b"notebook"))
    resource, scope = field(1, field(1, attribute)), field(1, field(1, b"scope"))
    return b"".join(field(1, resource + field(2, scope + field(2, span(trace)))) for trace in traces)


def span(trace: bytes) -> bytes:
    times = b"".join(varint(number << 3 | 1) + (10**18).to_bytes(8, "little") for number in (7, 8))
    return field(5, b"name") + field(2, b"spanspan") + varint(6 << 3) + varint(1) + times + field(1, trace)


def test_every_trace_of_a_batch_is_found() -> None:
    one, two = bytes(range(16)), bytes(15) + b"\x01"
    assert trace_ids(export(one, two, one)) == {"tr-000102030405060708090a0b0c0d0e0f", f"tr-{1:032x}"}


def test_a_trace_id_given_twice_in_one_span_is_found_twice() -> None:
    twice = field(1, b"\x01") + field(1, b"\x02")
    assert trace_ids(field(1, field(2, field(2, twice)))) == {f"tr-{1:032x}", f"tr-{2:032x}"}


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\x0a\x05ab", b"{}", b"\xff" * 12, b"\x0b\x0b"])
def test_what_is_no_export_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="no OpenTelemetry"):
        trace_ids(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(GristmillError):
        assert all(trace.startswith("tr-") for trace in trace_ids(body))


def test_content_codings_of_otlp_are_undone() -> None:
    assert decompressed(gzip.compress(b"spans"), "gzip", 100) == b"spans"
    assert decompressed(zlib.compress(b"spans"), "deflate", 100) == b"spans"
    assert decompressed(b"spans", "", 100) == b"spans"


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(TooLargeError):
        decompressed(gzip.compress(bytes(10_000_000)), "gzip", 1000)


@pytest.mark.parametrize(("body", "coding"), [(b"spans", "br"), (b"no gzip", "gzip")])
def test_damaged_and_unknown_codings_are_refused(body: bytes, coding: str) -> None:
    with pytest.raises(InvalidInputError):
        decompressed(body, coding, 100)
