"""The volume that runs share on a Kubernetes: claimed by the first one that uses it."""

from collections.abc import Iterator

import pytest
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import PersistentVolumeClaim, ResourceQuota

from gristmill.core.ids import new_id
from gristmill.core.kubernetes import Cluster, object_name
from gristmill.profiles.model import Profile, Resources
from gristmill.runs.executors.base import Launch
from gristmill.runs.executors.kubernetes import KubernetesExecutor, RunPods
from tests.kubernetes import STAND_IN, Ground, make
from tests.unit.conftest import TestClock
from tests.waiting import until

pytestmark = pytest.mark.cluster

NOWHERE = Profile(name="nowhere", resources=Resources(cpu=500, memory=64 * 2**20))  # no pod starts, nothing is bound
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "kept"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.fixture
def executor(kubernetes_ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesExecutor]:
    monkeypatch.setenv("KUBECONFIG", str(kubernetes_ground.kubeconfig))
    cluster = Cluster(kubernetes_ground.namespace)
    yield KubernetesExecutor(cluster, RunPods(image=STAND_IN, cache=CLAIM), on_change=lambda: None)
    cluster.close()


def claims_of(ground: Ground, executor: KubernetesExecutor, *, uses_cache: bool) -> list[str]:
    """By name, those of a run that is launched now."""
    attempt = new_id("attempt", TestClock().now())
    url = "http://127.0.0.1:1"
    executor.launch(Launch(attempt=attempt, url=url, token="t", profile=NOWHERE, uses_cache=uses_cache))
    spec = ground.admin.get(Job, object_name(attempt), namespace=ground.namespace).to_dict()["spec"]["template"]["spec"]
    executor.forget(attempt)
    return [
        volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"] if "persistentVolumeClaim" in volume
    ]


def test_the_first_run_that_uses_it_claims_it_and_the_next_one_needs_no_other(
    kubernetes_ground: Ground, executor: KubernetesExecutor
) -> None:
    admin, namespace = kubernetes_ground.admin, kubernetes_ground.namespace
    one = {"metadata": {"name": "volumes"}, "spec": {"hard": {"persistentvolumeclaims": "1"}}}
    make(admin, ResourceQuota, one)

    def used() -> str | None:
        status = admin.get(ResourceQuota, "volumes", namespace=namespace).status
        return ((status and status.used) or {}).get("persistentvolumeclaims")

    until(lambda: used() == "0", what="the quota counts")
    assert claims_of(kubernetes_ground, executor, uses_cache=False) == []
    assert list(admin.list(PersistentVolumeClaim, namespace=namespace)) == []
    assert claims_of(kubernetes_ground, executor, uses_cache=True) == ["kept"]
    until(lambda: used() == "1", what="the quota is used up")
    assert claims_of(kubernetes_ground, executor, uses_cache=True) == ["kept"]
