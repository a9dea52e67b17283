"""Generated requests for every route of the OpenAPI document: whatever is sent, no answer is a 5xx."""

import json
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from gristmill.client import api
from gristmill.core.wire import ServerStatus
from tests.integration.conftest import ControlPlane
from tests.waiting import until

pytestmark = pytest.mark.both_databases

# One ends the control plane, the other's answer has no end.
LEFT_OUT = {"/api/server/stop", "/api/events/stream"}
EXAMPLES = 12


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_is_answered_with_a_server_error(control_plane: ControlPlane) -> None:
    """MLflow is ready before, so that nothing is unavailable for a good reason."""
    with control_plane.client() as client:

        def ready() -> bool:
            status: ServerStatus = client.send(api.status())
            return status.tracking == "ready"

        until(ready, what="MLflow is ready")
        url, token = client.url, client.transport.credentials.token
    document = httpx.get(f"{url}/openapi.json", timeout=60).json()
    tried = 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path not in LEFT_OUT:
            tried += 1
            try_operation(operation, url, token)
    assert tried > 30


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/runs", {"snapshot": "\ud800"}),
        ("POST", "/api/runs", {"snapshot": "s", "labels": {"\ud800": "\udfff"}, "kernel": "\ud800"}),
        ("POST", "/api/runs", {"snapshot": "s", "environment": "\ud800"}),
        ("POST", "/api/runs", {"snapshot": "s", "parameters": {"a": ["\0"]}}),
        ("POST", "/api/snapshots", {"notebook": "\ud800", "files": []}),
        ("POST", "/api/models/m/versions", {"run": "\ud800", "description": "\ud800"}),
        ("PUT", "/api/endpoints/e", {"model": "\ud800", "version": "1"}),
        ("POST", "/api/environments", {"name": "e", "kind": "kernel", "source": "\ud800"}),
        ("GET", "/api/runs/%ED%A0%80", None),
        ("GET", "/api/runs?text=%ED%A0%80", None),
        ("GET", "/api/runs?text=%00", None),
        ("GET", "/api/runs/%00", None),
        ("DELETE", "/api/endpoints/sig%2Fkeys%2Fv2", None),
    ],
)
def test_text_that_no_database_stores_is_the_callers_fault(
    control_plane: ControlPlane, method: str, path: str, body: object
) -> None:
    """What generated requests do not have: their text is Unicode."""
    with control_plane.client() as client:
        client.send(api.status())
        url, token = client.url, client.transport.credentials.token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    content = json.dumps(body).encode() if body is not None else None
    response = httpx.request(method, f"{url}{path}", content=content, headers=headers, timeout=60)
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    if body is not None:
        assert response.status_code == 400
        assert response.json()["faults"]


def try_operation(operation: Any, url: str, token: str) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        response = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code < 500, f"{case.method} {case.formatted_path}: {response.text[:500]}"
        if response.status_code >= 400 and operation.path.startswith("/api/"):
            assert response.json()["code"]

    check()
