"""What a pod's status says: how far it is, what holds it up, what has ended it. In the words of who said it."""

from collections.abc import Iterable, Sequence
from typing import Any

from lightkube.models.core_v1 import ContainerStatus, PodCondition
from lightkube.resources.core_v1 import Pod

from gristmill.core.holdups import Holdup
from gristmill.core.kubernetes import Cluster

OVER = frozenset({"Succeeded", "Failed"})
AT_ONCE = 1  # seconds of grace; 0 would take the pod out of sight while its processes live
# What kubelet says of an image or a configuration that no waiting mends.
_HOPELESS = frozenset(
    {"ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_BEING_MADE = frozenset({"ContainerCreating", "PodInitializing"})


def labels_of(found: Any) -> dict[str, str]:
    return (found.metadata and found.metadata.labels) or {}


def phase_of(pod: Pod) -> str:
    return (pod.status and pod.status.phase) or "Pending"


def is_over(pod: Pod) -> bool:
    """Whether nothing of it runs any more."""
    return phase_of(pod) in OVER


def name_of(pod: Pod) -> str:
    return str(pod.metadata and pod.metadata.name)


def newest_first(found: Iterable[Pod]) -> list[Pod]:
    return sorted(found, key=lambda pod: str(pod.metadata and pod.metadata.creationTimestamp), reverse=True)


def holdup_of(pod: Pod, cluster: Cluster) -> Holdup | None:
    """What keeps its container from running, being heard of, or running on; None where that runs, or is over."""
    if is_over(pod):
        return None
    return _scheduler_says(pod) or _kubelet_says(pod, cluster) or _node_controller_says(pod) or _eviction_says(pod)


def end_of(pod: Pod) -> str | None:
    """Why it ended, where that was not its process's own doing."""
    status = pod.status
    if status and status.reason:
        return f"{status.reason}: {status.message}" if status.message else status.reason
    for one in _containers(pod):
        ended = one.state and one.state.terminated
        if ended and ended.reason == "OOMKilled":
            return "OOMKilled: its processes took more memory than the profile gives"
    return _disruption_of(pod)


def _scheduler_says(pod: Pod) -> Holdup | None:
    one = _condition(pod, "PodScheduled")
    if one is None or one.status != "False":
        return None
    return Holdup(why=f"waiting for a node ({one.reason or 'not scheduled'}): {one.message or 'none was found yet'}")


def _kubelet_says(pod: Pod, cluster: Cluster) -> Holdup | None:
    for status in _containers(pod):
        waiting = status.state and status.state.waiting
        if not waiting or not waiting.reason:
            continue
        if waiting.reason in _BEING_MADE:
            said = cluster.complaints(name_of(pod))
            return Holdup(why=said[-1] if said else "its container is being made, the image may be on its way")
        why = f"{waiting.reason}: {waiting.message or status.image}"
        return Holdup(why=why, hopeless=waiting.reason in _HOPELESS)
    return None


def _node_controller_says(pod: Pod) -> Holdup | None:
    """That its node has gone silent. The pod's conditions tell it to who may not look at the cluster's nodes: the node
    controller takes away Ready alone, without a reason; kubelet takes away ContainersReady too, or gives a reason.
    """
    ready, containers = (_condition(pod, name) for name in ("Ready", "ContainersReady"))
    if not ready or not containers or ready.status == "True" or ready.reason or containers.status != "True":
        return None
    node = f"its node {pod.spec.nodeName}" if pod.spec and pod.spec.nodeName else "its node"
    since = f" since {ready.lastTransitionTime:%H:%M:%S} UTC" if ready.lastTransitionTime else ""
    why = f"{node} does not answer (NodeNotReady{since})"
    if pod.metadata and pod.metadata.deletionTimestamp:
        return Holdup(why=f"{why}: it was given up, and ends as soon as the node is back or removed")
    return Holdup(why=f"{why}: it goes on if that comes back")


def _eviction_says(pod: Pod) -> Holdup | None:
    """By a drain of its node, a taint, a pod that goes first: told at once, its process may need a while to end."""
    said = _disruption_of(pod)
    if said is None or not (pod.metadata and pod.metadata.deletionTimestamp):
        return None
    return Holdup(why=f"it is being ended: {said}")


def _disruption_of(pod: Pod) -> str | None:
    one = _condition(pod, "DisruptionTarget")
    if one is None or one.status != "True":
        return None
    return ": ".join(filter(None, (one.reason, one.message)))


def _condition(pod: Pod, name: str) -> PodCondition | None:
    found = (pod.status and pod.status.conditions) or []
    return next((one for one in found if one.type == name), None)


def _containers(pod: Pod) -> Sequence[ContainerStatus]:
    return (pod.status and pod.status.containerStatuses) or []
