"""Endpoints as Deployments: reached by their own address and through the control plane, replaced without a gap."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from lightkube.resources.core_v1 import Pod

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import NotFoundError
from gristmill.endpoints.backends.kubernetes import ENDPOINT
from gristmill.endpoints.model import DeployRequest, Endpoint
from tests.cluster.platform import Platform
from tests.integration.conftest import WriteNotebook
from tests.line_model import ASKED, ask, registered, training, until_ready
from tests.waiting import until


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[Client]:
    with platform.hub.client(platform.hub.token("ada")) as client:
        yield client


def names(platform: Platform, endpoint: Endpoint) -> list[str]:
    """Of the pods that there are of it."""
    found = platform.admin.list(Pod, namespace=platform.namespace, labels={ENDPOINT: endpoint.id})
    return [str(pod.metadata and pod.metadata.name) for pod in found]


def by_gateway(platform: Platform, token: str | None) -> Any:
    """From outside, by the hub's proxy, as `publicUrl` has it: the prediction, or the status of a refusal."""
    url = f"{platform.hub.url}/services/gristmill/endpoints/line/invocations"
    headers = {"Host": "localhost:8000", **({} if token is None else {"Authorization": f"Bearer {token}"})}
    answer = httpx.post(url, json=ASKED, headers=headers, timeout=60)
    return answer.json()["predictions"][0] if answer.is_success else answer.status_code


def test_a_model_is_deployed_asked_replaced_without_a_failed_request_and_deleted(
    platform: Platform, ada: Client, notebook: WriteNotebook
) -> None:
    first = registered(ada, notebook(training(1.0)))
    ada.send(api.deploy("line", DeployRequest(model="line", version=first)))
    endpoint = until_ready(ada, "line", 1)
    key = ada.send(api.issue_endpoint_key("line")).key
    until(lambda: ask(endpoint, key) == pytest.approx(10.0), what="it answers whom it was told to")
    assert httpx.post(f"{endpoint.url}/invocations", json=ASKED).status_code == 401
    second = registered(ada, notebook(training(2.0)))
    answers: list[Any] = []
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            answers.append(ask(endpoint, key))

    caller = threading.Thread(target=call)
    caller.start()
    try:
        ada.send(api.deploy("line", DeployRequest(model="line", version=second)))
        until_ready(ada, "line", 2)
        until(lambda: ask(endpoint, key) == pytest.approx(20.0), what="the new version answers")
    finally:
        done.set()
        caller.join()
    wrong = [one for one in answers if one not in (pytest.approx(10.0), pytest.approx(20.0))]
    assert (len(answers) > 5, wrong) == (True, [])
    assert ada.send(api.get_traffic("line")).requests > 0

    bobs = platform.hub.token("bob")
    with platform.hub.client(bobs) as bob, pytest.raises(NotFoundError):
        bob.send(api.get_endpoint("line"))
    assert by_gateway(platform, key) == pytest.approx(20.0)
    assert by_gateway(platform, platform.hub.token("ada")) == pytest.approx(20.0)
    assert [by_gateway(platform, token) for token in (bobs, "gm_e_nobodys", None)] == [404, 401, 401]

    platform.delete_pods("control-plane")
    assert ask(endpoint, key) == pytest.approx(20.0), "it answers while no control plane lives"
    platform.until_ready("control-plane")
    (lost,) = names(platform, endpoint)
    platform.admin.delete(Pod, lost, namespace=platform.namespace, grace_period=1)
    until(
        lambda: lost not in names(platform, endpoint) and ask(endpoint, key) == pytest.approx(20.0),
        180,
        "another pod serves",
    )

    ada.send(api.delete_endpoint("line"))
    until(lambda: not names(platform, endpoint), 120, "its pod is gone")
    assert ada.send(api.list_endpoints()) == ()
