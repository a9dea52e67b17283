"""What the browser half may call, and nothing beside it."""

from typing import Any

import pytest
from gristmill_lab.allowed import ROUTES, find_route

from gristmill.core.errors import NotFoundError
from tests.unit.server.conftest import document

__all__ = ["document"]  # a fixture


def test_every_allowed_route_is_one_of_the_control_planes(document: dict[str, Any]) -> None:
    paths = document["paths"]
    for route in ROUTES:
        assert route.method.lower() in paths[route.template.replace(":path", "")], route


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/api/runs/run_1", "/api/runs/{run}"),
        ("POST", "/api/runs/run_1/cancel", "/api/runs/{run}/cancel"),
        ("GET", "/api/runs/1/outputs/figures/roc%20curve.png", "/api/runs/{run}/outputs/{name:path}"),
        ("GET", "/api/blobs/sha256:ab", "/api/blobs/{digest}"),
    ],
)
def test_an_escaped_path_finds_its_route(method: str, path: str, template: str) -> None:
    assert find_route(method, path).template == template


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/server/stop"),
        ("PUT", "/api/secrets/TOKEN"),
        ("PUT", "/api/blobs/sha256:ab"),
        ("POST", "/api/attempts/a/claim"),
        ("GET", "/mlflow/"),
        ("GET", "/api/runs/1/outputs/../../../server"),
        ("GET", "/api/runs/1/outputs/%2e%2e/%2E%2E/server"),
        ("GET", "/api/runs/..%2fserver"),
        ("GET", "/api/runs/1%2Futilisation"),
        ("GET", "/api/runs/1%2foutputs%2Fmodel.bin"),
        ("PATCH", "/api/secrets/TOKEN"),
    ],
)
def test_what_is_not_listed_is_not_forwarded(method: str, path: str) -> None:
    with pytest.raises(NotFoundError):
        find_route(method, path)
