"""The control plane proves itself to whom it gave a token."""

import hashlib

import httpx
import pytest
from fastapi import FastAPI

from gristmill.client.proof import Doubt
from gristmill.core import tokens
from gristmill.core.database import Database
from gristmill.core.scopes import WORKER_SCOPES, ActorKind
from tests.unit.conftest import TestClock

URL = "http://127.0.0.1:1"  # the app's own, see conftest


@pytest.fixture
def token(db: Database, clock: TestClock) -> str:
    with db.write() as tx:
        return tokens.issue(
            tx,
            project_id="default",
            kind=ActorKind.WORKER,
            name="worker",
            scopes=WORKER_SCOPES,
            now=clock.now(),
            subject="attempt_1",
        )


async def answer(app: FastAPI, doubt: Doubt) -> bytes:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
        response = await http.get(doubt.request.split()[1].decode())
    return f"HTTP/1.1 {response.status_code} OK\r\nContent-Length: {len(response.content)}\r\n\r\n".encode() + (
        response.content
    )


def doubt_of(token: str, url: str = URL) -> Doubt:
    return Doubt(url, hashlib.sha256(token.encode()).hexdigest(), "0123456789abcdef")


async def test_it_is_known_by_a_token_that_it_issued(app: FastAPI, token: str) -> None:
    doubt = doubt_of(token)
    raw = await answer(app, doubt)
    assert doubt.answered(raw)
    assert not doubt.answered(raw[:-1]), "the answer is not whole"
    assert doubt.token_hash not in raw.decode()


async def test_also_by_one_that_is_revoked(app: FastAPI, token: str, db: Database, clock: TestClock) -> None:
    """Its holder is to hear that it is revoked, and not to look for another control plane for ten minutes."""
    with db.write() as tx:
        tokens.revoke_subject(tx, "attempt_1", clock.now())
    assert doubt_of(token).answered(await answer(app, doubt_of(token)))


async def test_not_by_a_token_of_another_nor_at_another_address(app: FastAPI, token: str) -> None:
    for doubt in (doubt_of("gm_w_unknown"), doubt_of(token, "http://127.0.0.1:2")):
        with pytest.raises(httpx.ConnectError):
            doubt.answered(await answer(app, doubt))
