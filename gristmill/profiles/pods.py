"""A profile as Kubernetes says it: the one place where a pod's resources, its node and its image come from.

Every pod of Gristmill's is shut in the same way: no root, no way to become it, a root file system that is read-only,
the runtime's own seccomp profile, no account of Kubernetes'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gristmill.profiles.model import Profile

Manifest = dict[str, Any]

GPU = "nvidia.com/gpu"
CONTAINER = "main"
USER = 1000
HOME = "/gristmill"  # all that a pod may write to, beside /tmp; it goes with the pod
TOKEN_FOLDER = "/run/gristmill"  # noqa: S105  # a folder
TOKEN = "token"  # noqa: S105  # a file's name


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What one pod runs. `secret` holds its token; `cache_claim` is the volume of what runs before it kept.

    `environ_from` is a secret whose entries are environment variables; those in `environ` come before it.
    """

    profile: Profile
    image: str
    command: Sequence[str]
    secret: str
    labels: Mapping[str, str]
    pull_policy: str = "IfNotPresent"
    grace_s: int = 30  # from when its process is asked to end to its end
    restarts: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    environ_from: str | None = None
    cache_claim: str | None = None
    port: int | None = None
    ready_path: str | None = None
    drain_s: int = 0  # it goes on answering for so long, until every node knows that it is on its way out


def resources(profile: Profile) -> Manifest:
    """What is asked for is the limit too: nobody's run takes what another one counts on."""
    asked: Manifest = {"cpu": _cores(profile.resources.cpu), "memory": str(profile.resources.memory)}
    if profile.resources.accelerators:
        asked[GPU] = str(profile.resources.accelerators)
    return {"requests": dict(asked), "limits": dict(asked)}


def tolerations(profile: Profile) -> list[Manifest]:
    """The profile's own; nodes with devices are tainted so that nothing else is put there."""
    own = [_toleration(one) for one in profile.tolerations]
    devices: list[Manifest] = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
    return own + (devices if profile.resources.accelerators else [])


def shared_memory(profile: Profile) -> Manifest | None:
    """The volume at /dev/shm; None: the runtime's own 64 MiB do."""
    if not profile.shared_memory:
        return None
    return {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": str(profile.shared_memory)}}


def template(pod: Pod) -> Manifest:
    """The pod as the template of a Job or a Deployment."""
    shm = shared_memory(pod.profile)
    volumes: list[Manifest] = [
        {"name": "home", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "token", "secret": {"secretName": pod.secret, "defaultMode": 0o440}},
        *([{"name": "cache", "persistentVolumeClaim": {"claimName": pod.cache_claim}}] if pod.cache_claim else []),
        *([shm] if shm else []),
    ]
    mounts: list[Manifest] = [
        {"name": "home", "mountPath": HOME},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # in a pod it is the pod's own
        {"name": "token", "mountPath": TOKEN_FOLDER, "readOnly": True},
        *([{"name": "cache", "mountPath": f"{HOME}/cache"}] if pod.cache_claim else []),
        *([{"name": "shm", "mountPath": "/dev/shm"}] if shm else []),  # noqa: S108  # the same
    ]
    environ = {"HOME": HOME, "GRISTMILL_HOME": HOME, **pod.environ}
    container: Manifest = {
        "name": CONTAINER,
        "image": pod.profile.image or pod.image,
        "imagePullPolicy": pod.pull_policy,
        "command": list(pod.command),
        "workingDir": HOME,
        "env": [{"name": name, "value": value} for name, value in environ.items()],
        "resources": resources(pod.profile),
        "volumeMounts": mounts,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if pod.environ_from is not None:
        container["envFrom"] = [{"secretRef": {"name": pod.environ_from}}]
    if pod.port is not None:
        container["ports"] = [{"containerPort": pod.port, "name": "http"}]
    if pod.ready_path is not None:
        asks = {"httpGet": {"path": pod.ready_path, "port": "http"}, "timeoutSeconds": 3}
        container["readinessProbe"] = {**asks, "periodSeconds": 2, "failureThreshold": 3}
    if pod.drain_s:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": pod.drain_s}}}
    spec: Manifest = {
        "containers": [container],
        "volumes": volumes,
        "restartPolicy": "Always" if pod.restarts else "Never",
        "terminationGracePeriodSeconds": pod.drain_s + pod.grace_s,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": dict(pod.profile.node_selector),
        "tolerations": tolerations(pod.profile),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return {"metadata": {"labels": dict(pod.labels)}, "spec": spec}


def _cores(cpu: float) -> str:
    return f"{round(cpu * 1000)}m"


def _toleration(text: str) -> Manifest:
    """`key[=value][:effect]`, as `kubectl taint` says it."""
    taint, _, effect = text.partition(":")
    key, equals, value = taint.partition("=")
    matches: Manifest = {"operator": "Equal", "value": value} if equals else {"operator": "Exists"}
    return {"key": key, **matches, **({"effect": effect} if effect else {})}
