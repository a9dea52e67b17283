"""What the cards of the hub's page say of what is free."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gristmill_hub import HubSettings, page

from gristmill.profiles.catalogue import load_catalogue
from gristmill.profiles.model import Profile, ProfileStatus, Resources

TOKEN = "of-the-hub"
SMALL = Profile(name="small", resources=Resources(cpu=1))


@contextmanager
def control_plane(status: int, body: object, held: threading.Event | None = None) -> Iterator[int]:
    """One that answers `GET /api/profiles` so, once `held` is set, and knows one token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if held is not None:
                held.wait()
            known = (self.path, self.headers["Authorization"]) == ("/api/profiles", f"Bearer {TOKEN}")
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status if known else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def settings(port: int, token: str = TOKEN) -> HubSettings:
    return HubSettings(control_plane_port=port, service_token=token)


def told(name: str, free: int, used: int) -> dict[str, object]:
    return {"profile": {"name": name, "resources": {"cpu": 1}}, "free_slots": free, "in_use": used}


async def test_each_card_says_what_is_free_of_its_profile(tmp_path: Path) -> None:
    (tmp_path / "profiles.yaml").write_text("profiles: {small: {cpu: 1, memory: 1 GB}, new: {cpu: 1, memory: 1 GB}}")
    ada = SimpleNamespace(user=SimpleNamespace(groups=[]))
    with control_plane(200, [told("small", 1, 2), told("gone", 4, 0)]) as port:
        shown = await page.form(load_catalogue(tmp_path / "profiles.yaml"), settings(port))(ada)
    assert shown.count('type="radio"') == 2
    assert shown.count(" free</li>") == shown.count("1 of 3 free") == 1
    assert "Not enforced" in shown


@pytest.mark.parametrize(
    ("free", "used", "words"), [(3, 0, "free now"), (1, 2, "1 of 3 free"), (0, 2, "none free now")]
)
def test_what_is_free_is_said_as_in_the_form_of_a_run(free: int, used: int, words: str) -> None:
    assert page.in_words(ProfileStatus(profile=SMALL, free_slots=free, in_use=used)) == words


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, {"code": "unavailable"}), (401, {}), (200, b"<html>"), (200, "nonsense"), (200, [{"profile": 1}])],
)
async def test_where_the_control_plane_does_not_say_it_the_page_says_nothing_of_it(
    status: int, body: object, caplog: pytest.LogCaptureFixture
) -> None:
    with control_plane(status, body) as port:
        assert await page.free_now(settings(port)) == {}
    assert "says nothing of what is free" in caplog.text


async def test_one_that_is_away_or_takes_its_time_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert await page.free_now(settings(9)) == {}
    caplog.clear()
    monkeypatch.setattr(page, "PATIENCE", 0.05)
    held = threading.Event()
    with control_plane(200, [told("small", 1, 0)], held) as port:
        try:
            assert await page.free_now(settings(port)) == {}
        finally:
            held.set()
    assert "no answer in time" in caplog.text


async def test_without_a_token_nobody_is_asked() -> None:
    assert await page.free_now(settings(9, token="")) == {}
