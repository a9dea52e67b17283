"""What every endpoint backend must do. The docstring in `gristmill/endpoints/backends/base.py` is the contract."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from lightkube.resources.core_v1 import Pod, Service

from gristmill.core.errors import InvalidInputError
from gristmill.core.ids import new_id
from gristmill.core.kubernetes import Cluster
from gristmill.endpoints.backends.base import EndpointBackend, Supervision
from gristmill.endpoints.backends.kubernetes import EndpointPods, KubernetesBackend
from gristmill.endpoints.backends.local import LocalBackend
from gristmill.endpoints.model import Address
from gristmill.profiles.model import Profile, Resources
from tests.kubernetes import STAND_IN, Ground
from tests.unit.conftest import TestClock
from tests.waiting import until

STAND_IN_PROGRAM = Path(__file__).parent / "stand_ins" / "supervisor_stand_in.py"
PROFILE = Profile(name="small", resources=Resources(cpu=0.1, memory=64 * 2**20))

Make = Callable[[], EndpointBackend]


def local(tmp_path: Path) -> Iterator[Make]:
    command = (sys.executable, str(STAND_IN_PROGRAM))
    yield lambda: LocalBackend(tmp_path / "endpoints", command=command)


def on_kubernetes(ground: Ground) -> Iterator[Make]:
    """With the rights of the control plane's own account; each stands for a control plane with watches of its own."""
    clusters = []
    command = ("python", "/stand_ins/supervisor_stand_in.py")

    def make() -> EndpointBackend:
        clusters.append(Cluster(ground.namespace))
        endpoints = EndpointPods(image=STAND_IN, command=command, environ={"STAND_IN_PORT": "20000"})
        return KubernetesBackend(clusters[-1], endpoints, on_change=lambda: None)

    yield make
    for cluster in clusters:
        cluster.close()


@pytest.fixture(params=["local", pytest.param("on_kubernetes", marks=pytest.mark.cluster)])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a backend on the same ground; a second one stands for a control plane that was restarted."""
    if request.param == "on_kubernetes":
        ground: Ground = request.getfixturevalue("kubernetes_ground")
        monkeypatch.setenv("KUBECONFIG", str(ground.kubeconfig))
        yield from on_kubernetes(ground)
    else:
        yield from local(tmp_path)


@pytest.fixture
def endpoint(make: Make) -> Iterator[str]:
    name = new_id("endpoint", TestClock().now())
    yield name
    backend = make()
    backend.stop(name)
    until(lambda: backend.clean_up(name), what="everything of the endpoint is gone")
    backend.forget(name)


def told(backend: EndpointBackend, endpoint: str) -> list[list[str]]:
    """What its supervisors say that they were told, each of them."""
    lines = backend.log_tail(endpoint).splitlines()
    return [json.loads(line.removeprefix("told ")) for line in lines if line.startswith("told ")]


def start(backend: EndpointBackend, endpoint: str, *, name: str = "churn") -> Address:
    address = backend.address("default", name, frozenset())
    order = Supervision(
        id=endpoint,
        name=name,
        url="http://127.0.0.1:1",
        token="the-token",
        profile=PROFILE,
        port=address.port,
        serves=address.url,
    )
    backend.start(order)
    until(lambda: told(backend, endpoint), what="the supervisor is at work")
    return address


def test_a_supervisor_is_started_told_and_asked_to_end(make: Make, endpoint: str) -> None:
    backend = make()
    assert not backend.is_alive(endpoint)
    start(backend, endpoint)
    assert backend.is_alive(endpoint)
    assert told(backend, endpoint) == [["http://127.0.0.1:1", "churn", "the-token"]]
    backend.stop(endpoint)
    until(lambda: not backend.is_alive(endpoint), what="it ended")


def test_starting_again_adopts_the_living_one(make: Make, endpoint: str) -> None:
    start(make(), endpoint)
    restarted = make()
    assert restarted.is_alive(endpoint)
    start(restarted, endpoint)
    assert len(told(restarted, endpoint)) == 1
    restarted.stop(endpoint)
    until(lambda: not restarted.is_alive(endpoint), what="the adopted one ended")


def test_what_a_supervisor_leaves_behind_is_ended_and_it_can_be_started_again(make: Make, endpoint: str) -> None:
    backend = make()
    start(backend, endpoint)
    backend.stop(endpoint)
    until(lambda: not backend.is_alive(endpoint), what="it ended")
    until(lambda: backend.clean_up(endpoint), what="its child is gone")
    backend.forget(endpoint)
    start(backend, endpoint)
    assert backend.is_alive(endpoint)


def test_an_address_is_nobody_elses(make: Make) -> None:
    backend = make()
    first = backend.address("default", "churn", frozenset())
    second = backend.address("default", "fraud", frozenset({first.port}))
    other = backend.address("other", "churn", frozenset({first.port, second.port}))
    assert len({first.port, second.port, other.port}) == 3
    assert len({first.url, second.url, other.url}) == 3


def test_a_log_is_cut_at_a_lines_beginning(make: Make, endpoint: str) -> None:
    backend = make()
    start(backend, endpoint)
    assert len(backend.log_tail(endpoint, 10)) <= 10


def test_doing_it_to_an_endpoint_that_is_gone_does_nothing(make: Make) -> None:
    backend = make()
    name = new_id("endpoint", TestClock().now())
    backend.stop(name)
    backend.resize(name, PROFILE)
    assert backend.clean_up(name)
    assert backend.holdup(name) is None
    assert backend.log_tail(name) == ""
    backend.forget(name)
    with pytest.raises(InvalidInputError):
        backend.is_alive("../../etc")


@pytest.mark.cluster
def test_a_service_leads_to_the_pod_and_another_profile_replaces_it_without_a_gap(
    kubernetes_ground: Ground, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubernetes_ground.kubeconfig))
    made = on_kubernetes(kubernetes_ground)
    request.addfinalizer(lambda: next(made, None))
    backend = next(made)()
    endpoint = new_id("endpoint", TestClock().now())
    address = start(backend, endpoint, name="without-a-gap")
    service = (urlsplit(address.url).hostname or "").partition(".")[0]
    found = kubernetes_ground.admin.get(Service, service)
    url = f"http://{found.spec and found.spec.clusterIP}/health"
    until(lambda: _answer(url) == "without-a-gap", what="its Service leads there")

    def pods() -> dict[str, str]:
        every = kubernetes_ground.admin.list(Pod, labels={"gristmill.dev/endpoint": endpoint})
        return {
            str(pod.metadata and pod.metadata.name): str(pod.spec.containers[0].resources.limits["cpu"])
            for pod in every
            if pod.spec and pod.spec.containers[0].resources and pod.spec.containers[0].resources.limits
        }

    (before,) = pods()
    backend.resize(endpoint, replace(PROFILE, name="medium", resources=Resources(cpu=0.2, memory=96 * 2**20)))
    answers = set()

    def replaced() -> bool:
        answers.add(_answer(url))
        return list(pods().values()) == ["200m"] and before not in pods()

    until(replaced, what="a pod of the new profile serves alone")
    assert answers == {"without-a-gap"}
    backend.stop(endpoint)
    until(lambda: backend.clean_up(endpoint), what="it is gone")
    backend.forget(endpoint)


def _answer(url: str) -> str:
    try:
        return httpx.get(url, timeout=5, trust_env=False).text
    except httpx.HTTPError as error:
        return repr(error)
