"""No route is open without Jupyter's login, and none was forgotten: https://jupyter-server.readthedocs.io, security."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from gristmill_lab.handlers import Handler, routes
from gristmill_lab.run_handlers import run_routes
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH")
PATHS = (
    "/gristmill/api/runs",
    "/gristmill/events",
    "/gristmill/notebook",
    "/gristmill/place",
    "/gristmill/diff",
    "/gristmill/launch",
    "/gristmill/preflight",
    "/gristmill/venv",
    "/gristmill/example",
    *("/gristmill/endpoints/churn", "/gristmill/endpoints/churn/predict", "/gristmill/endpoints/churn/calls"),
)
OF_RUNS = (
    "/gristmill/runs/1/outputs.zip",
    "/gristmill/runs/1/notebook.html",
    "/gristmill/runs/1/copy-of-notebook",
    "/gristmill/runs/1/preview/table.csv",
    "/gristmill/runs/1/copy",
    "/gristmill/runs/1/kernel",
    "/gristmill/runs-of",
)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Only this extension, on a server that refuses what says nothing of its login."""
    extensions = {"gristmill_lab": True, "jupyter_server_terminals": False}
    return {"ServerApp": {"jpserver_extensions": extensions, "allow_unauthenticated_access": False}}


def test_every_route_has_a_path_in_this_test() -> None:
    assert len(PATHS) == len(routes())
    assert len(OF_RUNS) == len(run_routes())


def test_nothing_is_answered_without_a_login(
    jp_serverapp: ServerApp, jp_base_url: str, http_server: Any, http_server_port: Any, jp_asyncio_loop: Any
) -> None:
    """JupyterServerAuthWarning, an error here as any warning, names a handler that does not say what it asks for."""

    async def ask(method: str, path: str) -> int:
        url = f"http://127.0.0.1:{http_server_port[-1]}{url_path_join(jp_base_url, path)}"
        body = None if method == "GET" else "{}"
        try:
            fetched = AsyncHTTPClient().fetch(url, method=method, body=body, allow_nonstandard_methods=True)
            return (await fetched).code
        except HTTPClientError as error:
            return error.code

    answers = {
        (method, path): jp_asyncio_loop.run_until_complete(ask(method, path))
        for method in METHODS
        for path in (*PATHS, *OF_RUNS)
    }
    assert set(answers.values()) <= {403, 405}, answers


def test_every_method_says_that_it_asks_for_a_login() -> None:
    for _, handler in (*routes(), *run_routes()):
        for method in METHODS:
            own = handler.__dict__.get(method.lower())
            if own is not None:
                assert hasattr(own, "__wrapped__"), f"{handler.__name__}.{method.lower()} is open"
        assert issubclass(handler, Handler)


Post = Callable[[str, str], Any]


@pytest.fixture
def post(
    jp_serverapp: ServerApp,
    jp_fetch: Callable[..., Coroutine[Any, Any, Any]],
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Post:
    """`post("launch", body)`: the answer, asked for inside the loop: there alone it is the current one."""

    async def fetched(path: str, body: str) -> Any:
        return await jp_fetch("gristmill", path, method="POST", body=body)

    return lambda path, body: jp_asyncio_loop.run_until_complete(fetched(path, body))


def test_a_notebook_is_read_with_a_login(post: Post) -> None:
    cell = '{"cell_type": "code", "source": "n = 1", "metadata": {"tags": ["parameters"]}}'
    body = f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{cell}]}}'
    answer = post("notebook", body)
    assert answer.code == 200
    assert b'"parameters"' in answer.body


def test_what_is_refused_is_a_problem(post: Post) -> None:
    with pytest.raises(HTTPClientError) as caught:
        post("launch", '{"parameters": {}}')
    assert caught.value.code == 400
    response = caught.value.response
    assert response is not None
    assert response.headers["Content-Type"] == "application/problem+json"
    assert b'"code":"invalid_input"' in response.body
