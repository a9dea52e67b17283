"""What a browser finds at the control plane's address."""

import re

import httpx
import pytest
from fastapi import FastAPI

from gristmill import __version__


@pytest.fixture
def http(app: FastAPI) -> httpx.AsyncClient:
    # Not entered: the control loop stays off.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_the_address_says_what_it_is_and_leads_on(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"The control plane, version {__version__}." in answer.text
    links = re.findall('href="([^"]+)"', answer.text)
    assert links == ["mlflow/", "openapi.json"]
    assert (await http.get(f"/{links[1]}")).json()["info"]["version"] == __version__
    assert (await http.get(f"/{links[0]}")).status_code == 401, "there is such a route, and it asks who it is"
    assert (await http.head("/")).status_code == 200


async def test_it_is_the_same_for_everybody_and_loads_nothing(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")
    stranger = await http.get("/", headers={"Authorization": "Bearer gm_p_made-up"})
    assert stranger.content == answer.content
    assert not re.search("https?:|src=|<script|url\\(", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


async def test_what_is_elsewhere_is_still_a_problem(http: httpx.AsyncClient) -> None:
    answer = await http.get("/nothing-here")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await http.post("/")).status_code == 405
