"""What a mask finds, and what it leaves alone."""

import base64
import html
import itertools
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.secrets.masking import MASK, Mask, StreamMask

VALUE = 'p4ss/w+rd "ü" & <7>'
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0*"), min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4
)
NEEDED = 12  # bytes of a value of which base64 within base64 is always found


def mask(*values: str) -> Mask:
    return Mask({f"S{number}": value for number, value in enumerate(values)})


@pytest.mark.parametrize(
    "shown",
    [
        VALUE,
        json.dumps({"key": VALUE}),
        json.dumps({"key": VALUE}, ensure_ascii=False),
        repr([VALUE]),
        repr(VALUE.encode()),
        html.escape(VALUE),
        urllib.parse.quote(VALUE),
        urllib.parse.quote(VALUE, safe=""),
        urllib.parse.urlencode({"key": VALUE}),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        base64.encodebytes(VALUE.encode()).decode(),
    ],
)
def test_a_value_is_found_however_it_is_written(shown: str) -> None:
    masked = mask(VALUE).text(f"before {shown} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert MASK in masked
    assert shown not in masked


@given(value=TEXTS, before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_base64_is_found_within_longer_base64(value: str, before: bytes, after: bytes) -> None:
    """As `Authorization: Basic` has it. Nothing but what the neighbours share with the value is left."""
    content = before + value.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        masked = mask(value).text(encode(content).decode())
        assert MASK in masked or len(value.encode()) < NEEDED


@given(value=TEXTS, before=st.text(max_size=20), after=st.text(max_size=20), cuts=st.lists(st.integers(0, 80)))
def test_a_stream_is_masked_wherever_it_is_cut(value: str, before: str, after: str, cuts: list[int]) -> None:
    text = before + value + after
    stream = StreamMask(mask(value, "another-value"))
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    shown = "".join(stream.feed(text[start:end]) for start, end in itertools.pairwise(places))
    shown += stream.release()
    assert value not in shown
    assert MASK in shown


def test_what_cannot_be_the_beginning_of_a_value_is_shown_at_once() -> None:
    stream = StreamMask(mask("secret-value"))
    assert stream.feed("line\n") == "line\n"
    assert stream.feed("classes") == "classe"
    assert stream.feed("room\n") == "sroom\n"
    assert stream.release() == ""


def test_of_a_value_and_its_beginning_the_value_is_masked_also_in_a_stream() -> None:
    stream = StreamMask(mask("abcd", "abcd-efgh"))
    shown = stream.feed("abcd") + stream.feed("-ef") + stream.feed("gh abcd") + stream.release()
    assert shown == f"{MASK} {MASK}"


def test_a_value_that_a_possible_beginning_overlaps_is_masked_in_a_stream() -> None:
    stream = StreamMask(mask("xxab", "abcd"))
    assert stream.feed("xxab") + stream.feed("\n") + stream.release() == f"{MASK}\n"


def test_json_is_masked_in_depth_names_of_members_too() -> None:
    value = {"s3cret": ["s3cret", {"x": "a s3cret b"}], "number": 1, "none": None}
    assert mask("s3cret").json(value) == {MASK: [MASK, {"x": f"a {MASK} b"}], "number": 1, "none": None}


def test_long_lines_of_a_value_of_several_are_secrets_too() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
    assert mask(key).text(f"{{'key': {key!r}}}") == f"{{'key': '{MASK}'}}"
    assert mask(key).text("  MIIEvQIBADANBgkqhkiG9w0BAQEFAASC  ") == f"  {MASK}  "


def test_content_keeps_its_length() -> None:
    assert mask("s3cret").content(b"\x0a\x06s3cret\x12") == b"\x0a\x06******\x12"


def test_a_value_across_two_chunks_is_found_and_its_secret_named() -> None:
    chunks = [b"....", b"..s3", b"cr", b"et.."]
    assert Mask({"TOKEN": "s3cret"}).holder_in(chunks) == "TOKEN"
    assert Mask({"TOKEN": "s3cret"}).holder_in([b"s3", b" cret"]) is None


def test_no_secrets_mask_nothing() -> None:
    nothing = Mask({})
    assert not nothing
    assert (nothing.text("text"), nothing.content(b"bytes"), nothing.json({"a": 1})) == ("text", b"bytes", {"a": 1})
    assert StreamMask(nothing).feed("text") == "text"
    assert nothing.holder_in([b"bytes"]) is None


def test_a_mask_does_not_show_what_it_hides() -> None:
    assert repr(Mask({"TOKEN": "s3cret"})) == "Mask(TOKEN)"
