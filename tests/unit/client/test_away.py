"""Why nobody answers is told in words for people."""

import httpx
import pytest

from gristmill.client.transports import why_away

WHY = {
    "[Errno 111] Connection refused": httpx.ConnectError("[Errno 111] Connection refused"),
    "nothing came in time": httpx.ReadTimeout(""),
    "the connection broke off": httpx.RemoteProtocolError("peer closed connection (incomplete chunked read)"),
    "TooManyRedirects('round and round')": httpx.TooManyRedirects("round and round"),
}


@pytest.mark.parametrize("words", WHY)
def test_it_is_told_in_words(words: str) -> None:
    assert why_away(WHY[words]) == words


@pytest.mark.parametrize("error", [httpx.ReadError(""), httpx.WriteError("reset"), httpx.CloseError("")])
def test_a_connection_that_breaks_off_is_one_thing_however_it_breaks(error: httpx.HTTPError) -> None:
    assert why_away(error) == "the connection broke off"
