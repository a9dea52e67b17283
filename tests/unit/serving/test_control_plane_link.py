"""The supervisor's requests: what does not answer as it should is away, never a crash."""

import json
from collections.abc import Callable

import httpx
import msgspec
import pytest

from gristmill.client.address import Address
from gristmill.core.errors import UnavailableError, UnsupportedError
from gristmill.endpoints.model import EndpointState, Observed
from gristmill.serving.control_plane import ArtifactFile, ControlPlane
from tests.serving_kit.endpoint import desired


def link(answer: Callable[[httpx.Request], httpx.Response]) -> ControlPlane:
    made = ControlPlane(Address("http://control.plane/prefix/"), "a-token", "churn")
    made._client = httpx.AsyncClient(headers=made._client.headers, transport=httpx.MockTransport(answer))
    return made


def always(status: int, content: bytes = b"") -> Callable[[httpx.Request], httpx.Response]:
    return lambda _request: httpx.Response(status, content=content)


async def test_the_desired_state_is_asked_for_with_the_token() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=msgspec.json.encode(desired()))

    assert await link(answer).desired() == desired()
    assert str(asked[0].url) == "http://control.plane/prefix/api/endpoints/churn/desired"
    assert asked[0].headers["authorization"] == "Bearer a-token"


@pytest.mark.parametrize(
    ("status", "content"), [(401, b""), (404, b"{}"), (500, b""), (200, b"{"), (200, b"{}"), (302, b"")]
)
async def test_any_other_answer_is_no_answer(status: int, content: bytes) -> None:
    with pytest.raises(UnavailableError):
        await link(always(status, content)).desired()


async def test_another_protocol_is_told_apart() -> None:
    with pytest.raises(UnsupportedError):
        await link(always(200, msgspec.json.encode(desired(protocol=2)))).desired()


async def test_a_refused_connection_is_no_answer() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(UnavailableError, match="ConnectError: refused"):
        await link(refuse).desired()
    with pytest.raises(UnavailableError, match="refused"):
        async with link(refuse).read("a/b"):
            raise AssertionError


async def test_what_is_observed_is_put() -> None:
    put: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        put.append(request)
        return httpx.Response(204)

    observed = Observed(generation=3, state=EndpointState.READY)
    await link(answer).report(observed)
    assert put[0].method == "PUT"
    assert msgspec.json.decode(put[0].content, type=Observed) == observed


@pytest.mark.parametrize(
    ("listing", "files"),
    [
        ({}, []),
        ({"files": [{"path": "MLmodel", "is_dir": False, "file_size": 7}]}, [ArtifactFile("MLmodel", False, 7)]),
        ({"files": [{"path": "1/models/code", "is_dir": True}]}, [ArtifactFile("code", True, None)]),
        ({"files": [{"path": "a", "file_size": "12"}]}, [ArtifactFile("a", False, 12)]),
    ],
)
async def test_a_folder_is_listed(listing: object, files: list[ArtifactFile]) -> None:
    assert await link(always(200, json.dumps(listing).encode())).files("1/models") == files


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": 5}', b'{"files": [{}]}', b'{"files": ["x"]}'])
async def test_a_list_that_cannot_be_read_is_no_answer(content: bytes) -> None:
    with pytest.raises(UnavailableError):
        await link(always(200, content)).files("1/models")


async def test_a_file_comes_in_chunks_and_its_path_is_quoted() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"content")

    async with link(answer).read("1/models/a b/ü#.txt") as chunks:
        assert b"".join([chunk async for chunk in chunks]) == b"content"
    assert asked[0].url.raw_path.endswith(b"/artifacts/1/models/a%20b/%C3%BC%23.txt")
