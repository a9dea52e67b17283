"""What goes through the relay reaches the control plane where it is now, and nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from gristmill.client.address import Address
from gristmill.client.relay import Relay
from tests.proving import instance_proof
from tests.stranger import Stranger, stranger

TOKEN = "gm_k_a-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def a_control_plane(answer: bytes = b"{}", *, knows: str = TOKEN) -> Iterator[tuple[Stranger, str]]:
    with stranger() as (other, port):
        url = f"http://127.0.0.1:{port}"

        def answers(path: str) -> bytes:
            if not path.startswith("/api/instance"):
                return answer
            return msgspec.json.encode(instance_proof(parse_qs(urlsplit(path).query), url=url, token=knows))

        other.answer = answers
        yield other, url


@pytest.fixture
def asks() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, headers=BEARER) as client:
        yield client


def test_one_proof_for_a_kept_connection(asks: httpx.Client) -> None:
    with a_control_plane(b'{"run": 1}') as (other, url), Relay(Address(url), TOKEN) as relay:
        for _ in range(2):
            assert asks.post(f"{relay.url}/mlflow/api/x", content=b"a" * 2**20).json() == {"run": 1}
    asked = [line.partition("?")[0] for line in other.asked]
    assert asked == ["GET /api/instance", "POST /mlflow/api/x", "POST /mlflow/api/x"]


def test_a_large_answer_comes_whole(asks: httpx.Client) -> None:
    content = bytes(range(256)) * 40_000
    with a_control_plane(content) as (_, url), Relay(Address(url), TOKEN) as relay:
        assert asks.get(f"{relay.url}/mlflow/file").content == content


def test_who_does_not_know_the_token_does_not_get_it(asks: httpx.Client) -> None:
    a_stranger = a_control_plane(knows="gm_k_another")
    with a_stranger as (other, url), Relay(Address(url), TOKEN) as relay, pytest.raises(httpx.TransportError):
        asks.get(f"{relay.url}/mlflow/api/x")
    assert other.tokens == []


def test_a_control_plane_that_moved_is_followed_at_the_same_address(asks: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "address"
    with a_control_plane(b"before") as (_, before):
        relay = Relay(Address(before, file), TOKEN)
        assert asks.get(f"{relay.url}/mlflow").content == b"before"
    with pytest.raises(httpx.TransportError):  # it is away, whatever the kept connection says
        asks.get(f"{relay.url}/mlflow")
    port = int(before.rpartition(":")[2])
    with stranger(port) as (other, _), a_control_plane(b"after") as (_, after):
        file.write_text(after)
        assert asks.get(f"{relay.url}/mlflow").content == b"after"
    assert other.tokens == []
    relay.close()


def test_after_its_end_nothing_listens(asks: httpx.Client) -> None:
    with a_control_plane() as (_, url), Relay(Address(url), TOKEN) as relay:
        assert asks.get(f"{relay.url}/mlflow").status_code == 200
        relay.close()
        with pytest.raises(httpx.TransportError):
            asks.get(f"{relay.url}/mlflow")
