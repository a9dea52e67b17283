"""An address means what it says: no escape in it leads to another route."""

import httpx
import pytest
from fastapi import FastAPI


@pytest.fixture
def http(app: FastAPI) -> httpx.AsyncClient:
    @app.delete("/api/drawers/{name}/keys/{key}")
    def revoke(name: str, key: str) -> str:
        return f"{key} of {name} is revoked"

    @app.get("/api/runs/{run}/outputs/{name:path}", name="before")
    def output(run: str, name: str) -> str:
        return f"{name} of {run}"

    # Before those that ask for a token.
    app.router.routes.insert(0, app.router.routes.pop())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_an_escaped_slash_reaches_no_other_route(http: httpx.AsyncClient) -> None:
    assert (await http.delete("/api/drawers/a/keys/b")).status_code == 200
    for escaped in ("/api/drawers/a%2Fkeys%2Fb", "/api/drawers/a%2fkeys/b", "/api/drawers/outputs/keys%2Fb"):
        response = await http.delete(escaped)
        assert (response.status_code, response.json()["code"]) == (400, "invalid_input"), escaped


async def test_the_name_of_an_output_may_have_slashes_however_they_are_written(http: httpx.AsyncClient) -> None:
    for written in ("plots/roc.png", "plots%2Froc.png"):
        assert (await http.get(f"/api/runs/3/outputs/{written}")).json() == "plots/roc.png of 3"
    assert (await http.get("/api/runs/3%2Foutputs/a")).status_code == 400


@pytest.mark.parametrize("address", ["/api/runs/%00", "/api/runs?text=%00"])
async def test_a_zero_is_in_no_address(http: httpx.AsyncClient, address: str) -> None:
    response = await http.get(address)
    assert response.status_code == 400
    assert "U+0000" in response.json()["detail"]
