"""Generated requests for every route of the OpenAPI document: whatever is sent, no answer is a 5xx."""

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
