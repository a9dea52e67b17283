"""A token is shown to the control plane that issued it, and to nobody else who listens at its port."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from gristmill.client.proof import proven, proven_async
from tests.proving import instance_proof
from tests.stranger import Stranger, stranger

TOKEN = "gm_w_a-token"
Send = Callable[[str], httpx.Response]


def send(url: str) -> httpx.Response:
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        return client.get(f"{url}/api/x", extensions=proven(url, TOKEN))


def send_async(url: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            return await client.get(f"{url}/api/x", extensions=proven_async(url, TOKEN))

    return asyncio.run(ask())


@pytest.fixture(params=[send, send_async])
def sent(request: pytest.FixtureRequest) -> Send:
    made: Send = request.param
    return made


def proof(path: str, url: str, token: str = TOKEN) -> bytes:
    if not path.startswith("/api/instance"):
        return b"{}"
    return msgspec.json.encode(instance_proof(parse_qs(urlsplit(path).query), url=url, token=token))


def test_the_control_plane_is_told_the_token_once_it_has_proven_itself(sent: Send) -> None:
    with stranger() as (other, port):
        url = f"http://127.0.0.1:{port}"
        other.answer = lambda path: proof(path, url)
        assert sent(url).status_code == 200
    assert [line.partition("?")[0] for line in other.asked] == ["GET /api/instance", "GET /api/x"]
    assert other.tokens == [f"Bearer {TOKEN}"]
    assert TOKEN not in other.asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _path, _url: b"{}",
        lambda _path, _url: b"no JSON",
        lambda _path, _url: b"",
        lambda path, url: proof(path, url, "another token"),
        lambda path, _url: proof(path, "http://127.0.0.1:1"),  # passed on to the real one, which is elsewhere
    ],
)
def test_whoever_cannot_prove_himself_never_sees_the_token(sent: Send, answer: Callable[[str, str], bytes]) -> None:
    with stranger() as (other, port):
        url = f"http://127.0.0.1:{port}"
        other.answer = lambda path: answer(path, url)
        with pytest.raises(httpx.ConnectError, match="not the control plane that issued the token"):
            sent(url)
    assert len(other.asked) == 1
    assert other.tokens == []


@pytest.mark.parametrize("raw", [b"", b"220 ready\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 70_000])
def test_what_speaks_no_http_never_sees_the_token(sent: Send, raw: bytes) -> None:
    with speaker(raw) as (url, heard), pytest.raises(httpx.TransportError):
        sent(url)
    assert TOKEN.encode() not in heard[0]


class speaker:  # noqa: N801  # used as a function is
    """Listens once, says `raw`, and closes."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __enter__(self) -> tuple[str, list[bytes]]:
        self._listener = socket.create_server(("127.0.0.1", 0))
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = self._listener.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(self._raw)

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}", heard

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def kept() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


def test_a_kept_connection_is_proven_once_and_a_new_one_again(kept: httpx.Client) -> None:
    """The client itself opens a new connection where the old one was closed: no failure is seen in between."""
    with stranger() as (first, port):
        url = f"http://127.0.0.1:{port}"
        first.answer = lambda path: proof(path, url)
        for _ in range(3):
            kept.get(f"{url}/api/x", extensions=proven(url, TOKEN))
        assert questions(first) == 1
    kept._transport._pool.close()  # type: ignore[attr-defined]  # as if the other end had gone
    with stranger(port) as (second, _), pytest.raises(httpx.ConnectError):
        kept.get(f"{url}/api/x", extensions=proven(url, TOKEN))
    assert (questions(second), second.tokens) == (1, [])


def questions(one: Stranger) -> int:
    return sum("/api/instance" in line for line in one.asked)


def test_where_a_redirect_leads_is_asked_for_no_proof() -> None:
    """As blobs are fetched from a store that the control plane points to: httpx takes no token there."""
    with stranger() as (store, store_port), stranger() as (plane, port):
        url = f"http://127.0.0.1:{port}"
        plane.answer = lambda path: proof(path, url)
        trace: Any = proven(url, TOKEN)
        with httpx.Client(trust_env=False) as client:
            client.get(f"{url}/api/x", extensions=trace, headers={"Authorization": f"Bearer {TOKEN}"})
            client.get(f"http://127.0.0.1:{store_port}/bucket", extensions=trace)
    assert store.asked == ["GET /bucket"]
