"""What a pod's status says of it, as a real cluster writes it."""

from typing import Any, cast

import pytest
from lightkube.resources.core_v1 import Pod

from gristmill.core.kubernetes import Cluster
from gristmill.core.kubernetes_pods import holdup_of

SILENT = "its node node-1 does not answer (NodeNotReady since 01:59:39 UTC)"
NOBODY = cast("Cluster", None)  # a pod's conditions tell it alone
RUNS = {"name": "gristmill", "image": "i:1", "imageID": "i", "ready": True, "restartCount": 0, "state": {"running": {}}}


def condition(kind: str, status: str, **more: str) -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": "2026-11-29T01:59:39Z", **more}


def pod(*conditions: dict[str, str], phase: str = "Running", **metadata: str) -> Pod:
    status: dict[str, Any] = {"phase": phase, "conditions": list(conditions)}
    if phase == "Running":
        status["containerStatuses"] = [RUNS]
    spec = {"nodeName": "node-1", "containers": []}
    return cast("Pod", Pod.from_dict({"metadata": {"name": "it", **metadata}, "spec": spec, "status": status}))


def test_a_pod_that_no_node_takes_waits_for_one_in_the_schedulers_words() -> None:
    said = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate."
    found = holdup_of(
        pod(condition("PodScheduled", "False", reason="Unschedulable", message=said), phase="Pending"), NOBODY
    )
    assert found is not None
    assert (found.why, found.hopeless) == (f"waiting for a node (Unschedulable): {said}", False)


def test_a_node_that_the_controller_hears_nothing_of_is_named() -> None:
    found = holdup_of(pod(condition("Ready", "False"), condition("ContainersReady", "True")), NOBODY)
    assert found is not None
    assert (found.why, found.hopeless) == (f"{SILENT}: it goes on if that comes back", False)


def test_a_pod_that_was_given_up_with_its_node_ends_only_when_that_is_seen() -> None:
    given_up = pod(
        condition("Ready", "False"),
        condition("ContainersReady", "True"),
        condition("DisruptionTarget", "True", reason="DeletionByTaintManager"),
        deletionTimestamp="2026-11-29T02:04:40Z",
    )
    found = holdup_of(given_up, NOBODY)
    assert found is not None
    assert found.why == f"{SILENT}: it was given up, and ends as soon as the node is back or removed"


def test_a_pod_that_is_evicted_says_by_what_while_its_process_ends() -> None:
    drained = pod(
        condition("Ready", "True"),
        condition("ContainersReady", "True"),
        condition("DisruptionTarget", "True", reason="EvictionByEvictionAPI", message="Eviction API: evicting"),
        deletionTimestamp="2026-11-29T02:10:55Z",
    )
    found = holdup_of(drained, NOBODY)
    assert found is not None
    assert found.why == "it is being ended: EvictionByEvictionAPI: Eviction API: evicting"


@pytest.mark.parametrize(
    "conditions",
    [
        [condition("Ready", "True"), condition("ContainersReady", "True")],
        [condition("Ready", "False", reason="ContainersNotReady"), condition("ContainersReady", "False")],
        [condition("Ready", "False", reason="ReadinessGatesNotReady"), condition("ContainersReady", "True")],
        [],
    ],
    ids=["it is ready", "a probe failed", "a readiness gate of somebody's", "nothing is known yet"],
)
def test_what_is_not_the_nodes_silence_is_not_taken_for_it(conditions: list[dict[str, str]]) -> None:
    assert holdup_of(pod(*conditions), NOBODY) is None
