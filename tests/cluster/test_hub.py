"""Servers of a hub's people on profiles of the catalogue: what the REST API is held to, whatever a form shows."""

from typing import Any

import httpx
import pytest
from lightkube.resources.core_v1 import Pod

from gristmill.client import api
from gristmill.core.errors import NotFoundError, UnauthenticatedError
from gristmill.runs.model import RunState
from tests.cluster.platform import Platform
from tests.integration.conftest import WriteNotebook
from tests.waiting import until


def pod_of(platform: Platform, person: str) -> dict[str, Any]:
    found: dict[str, Any] = platform.admin.get(Pod, f"jupyter-{person}", namespace=platform.namespace).to_dict()
    return found


@pytest.mark.parametrize("part", ["mlflow", "hub", "control-plane"])
def test_what_needs_the_database_waits_for_it_and_is_started_once(platform: Platform, part: str) -> None:
    pods = platform.pods(part)
    assert pods
    for status in (pod.status for pod in pods):
        assert status is not None
        for container in (*(status.initContainerStatuses or []), *(status.containerStatuses or [])):
            assert container.restartCount == 0, container.lastState


def test_a_server_gets_what_its_profile_says_and_is_shut_as_all_pods_are(platform: Platform) -> None:
    answer = platform.spawn("gus", {"profile": "gpu"})
    assert answer.status_code in {201, 202}, answer.text
    spec = pod_of(platform, "gus")["spec"]
    (container,) = spec["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert container["resources"]["limits"]["cpu"] in {"500m", "0.5"}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not spec["automountServiceAccountToken"]
    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "268435456"}} in spec["volumes"]
    headers = {"Authorization": f"token {platform.hub.token('gus')}"}
    where = f"{platform.hub.url}/hub/api/users/gus"

    def is_ready() -> bool:
        return bool(httpx.get(where, headers=headers).json()["servers"].get("", {}).get("ready"))

    until(is_ready, 180, "the server is up")
    httpx.delete(f"{where}/server", headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"profile": "large"}, 403, "there is no profile 'large' for you"),
        ({"profile": "unschedulable"}, 403, "there is no profile 'unschedulable' for you"),
        ({"profile": "../small"}, 403, "there is no profile"),
        ({"profile": ["small"]}, 403, "there is no profile"),
        ({"image": "somebody/else:1"}, 400, "a server takes a profile and no other option"),
        ({"profile": "small", "kubespawner_override": {"privileged": True}}, 400, "no other option"),
        ({"extra_pod_config": {"hostNetwork": True}}, 400, "no other option"),
        ({"profile": "small", "much": "x" * 10_000_000}, 400, "no other option"),
    ],
    ids=["another group's", "not for servers", "a path", "a list", "image", "override", "pod spec", "10 MB"],
)
def test_what_a_person_may_not_have_is_refused_and_nothing_starts(
    platform: Platform, options: dict[str, Any], status: int, said: str
) -> None:
    answer = platform.spawn("eve", options)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["message"]
    names = {pod.metadata and pod.metadata.name for pod in platform.admin.list(Pod, namespace=platform.namespace)}
    assert "jupyter-eve" not in names


def test_who_is_in_a_profiles_group_may_have_it_for_servers_and_runs(
    platform: Platform, notebook: WriteNotebook
) -> None:
    root = {"Authorization": f"token {platform.hub.token('root')}"}
    url = f"{platform.hub.url}/hub/api"
    platform.hub.token("hal")
    httpx.post(f"{url}/groups/heavy", headers=root)
    assert httpx.post(f"{url}/groups/heavy/users", headers=root, json={"users": ["hal"]}).is_success
    answer = platform.spawn("hal", {"profile": "large"})
    assert answer.status_code in {201, 202}, answer.text
    assert pod_of(platform, "hal")["spec"]["containers"][0]["resources"]["limits"]["memory"] == str(2 * 2**30)
    httpx.delete(f"{url}/users/hal/server", headers=root, timeout=60)
    with platform.hub.client(platform.hub.token("eve")) as eve:
        assert "large" not in {one.profile.name for one in eve.send(api.list_profiles())}
        with pytest.raises(NotFoundError, match="no profile 'large'"):
            eve.run(notebook("1"), profile="large")
    with platform.hub.client(platform.hub.token("hal")) as hal:
        assert hal.wait(hal.run(notebook("1"), profile="large")).state is RunState.SUCCEEDED


@pytest.mark.parametrize("token", ["forged", "0" * 32, "gm_p_forged"])
def test_a_forged_token_is_nobody(platform: Platform, token: str) -> None:
    with platform.hub.client(token) as client, pytest.raises(UnauthenticatedError):
        client.send(api.list_runs())
    answer = httpx.post(f"{platform.hub.url}/hub/api/users/eve/server", headers={"Authorization": f"token {token}"})
    assert answer.status_code == 403
