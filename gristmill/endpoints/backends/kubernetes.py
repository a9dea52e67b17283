"""Endpoints as Deployments of a Kubernetes, each with a Service in front; its pod is the supervisor."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod, Secret, Service

from gristmill.core.errors import UnavailableError
from gristmill.core.ids import check_id
from gristmill.core.kubernetes import MANAGED, Cluster, Manifest, object_name
from gristmill.core.kubernetes_pods import AT_ONCE, holdup_of, is_over, labels_of, name_of, newest_first
from gristmill.endpoints.backends.base import TAIL, EndpointBackend, Supervision
from gristmill.endpoints.model import Address
from gristmill.profiles import pods
from gristmill.profiles.model import Profile

ENDPOINT = "gristmill.dev/endpoint"
SUPERVISOR = ("python", "-P", "-m", "gristmill.serving")
READY = "/health"
DRAIN_S = 10  # kube-proxy sends requests to a pod that ends until it has heard of it
_PART_OF = {**MANAGED, "app.kubernetes.io/component": "endpoint"}
_FIRST_PORT = 20_000
_LOG_LINES = 1000
_HTTP = 80


@dataclass(frozen=True, kw_only=True)
class EndpointPods:
    """What all endpoints' pods have alike. `image` is that of profiles that name none."""

    image: str
    pull_policy: str = "IfNotPresent"
    grace_s: int = 60
    command: Sequence[str] = SUPERVISOR
    environ: Mapping[str, str] = field(default_factory=dict)


class KubernetesBackend(EndpointBackend):
    """A Deployment `gristmill-<endpoint>`, a secret of the same name with the supervisor's token, and a Service whose
    name comes from project and endpoint: an endpoint that is deleted and deployed again has its URL again.

    A pod that ends is Kubernetes' to start again. The supervisor in it changes from one generation to the next by
    itself; with another profile the Deployment's next pod is ready before the old one is told to end.
    """

    def __init__(self, cluster: Cluster, endpoints: EndpointPods, on_change: Callable[[], object]) -> None:
        self._cluster, self._endpoints = cluster, endpoints
        self._deployments = cluster.mirror(Deployment, _PART_OF, on_change)
        self._pods = cluster.mirror(Pod, _PART_OF, on_change)
        self._services = cluster.mirror(Service, _PART_OF, on_change)

    def address(self, project: str, name: str | None, taken: Collection[int]) -> Address:
        port = max((one + 1 for one in taken if one >= _FIRST_PORT), default=_FIRST_PORT)
        url = f"http://{service_name(project, name)}.{self._cluster.namespace}.svc" if name is not None else ""
        return Address(port=port, url=url)

    def is_alive(self, endpoint: str) -> bool:
        return self._deployment(endpoint) is not None or self._has_pods(endpoint)

    def start(self, order: Supervision) -> None:
        if self._deployment(order.id) is not None:
            return
        if self._has_pods(order.id):
            raise UnavailableError(f"the pods of {order.name} are still ending")
        labels = {**_PART_OF, ENDPOINT: order.id}
        name = object_name(order.id)
        token = {"metadata": {"name": name, "labels": labels}, "stringData": {pods.TOKEN: order.token}}
        if self._cluster.create(Secret, token) is None:
            self._cluster.change(Secret, name, {"stringData": token["stringData"]})
        if order.serves is not None:
            self._cluster.create(Service, _service(order, labels))
        made = self._cluster.create(Deployment, self._manifest(order, labels))
        if made is not None:
            self._deployments.put(made)

    def resize(self, endpoint: str, profile: Profile) -> None:
        container = {
            "name": pods.CONTAINER,
            "image": profile.image or self._endpoints.image,
            "resources": {**pods.resources(profile), "$patch": "replace"},
        }
        spec = {
            "containers": [container],
            "nodeSelector": {**profile.node_selector, "$patch": "replace"},
            "tolerations": pods.tolerations(profile),
        }
        self._cluster.change(Deployment, object_name(endpoint), {"spec": {"template": {"spec": spec}}})

    def holdup(self, endpoint: str) -> str | None:
        """Of the newest pod: an older one may serve while that waits."""
        for pod in newest_first(self._of(endpoint)):
            found = holdup_of(pod, self._cluster)
            return found.why if found is not None else None
        return None

    def stop(self, endpoint: str) -> None:
        """Its pods are asked to end, and have time to finish what they have in flight."""
        self._cluster.delete(Deployment, object_name(check_id(endpoint)))

    def clean_up(self, endpoint: str) -> bool:
        """A pod's processes end with it."""
        if self._deployment(endpoint) is not None:
            self.stop(endpoint)
            return False
        for pod in self._of(endpoint):
            if not is_over(pod):
                self._cluster.delete(Pod, name_of(pod), grace=AT_ONCE)
        return not self._has_pods(endpoint)

    def forget(self, endpoint: str) -> None:
        self._cluster.delete(Deployment, object_name(check_id(endpoint)))
        self._cluster.delete(Secret, object_name(endpoint))
        for name, service in self._services.objects().items():
            if labels_of(service).get(ENDPOINT) == endpoint:
                self._cluster.delete(Service, name)

    def log_tail(self, endpoint: str, limit: int = TAIL) -> str:
        for pod in newest_first(self._of(endpoint)):
            text = self._cluster.log_tail(name_of(pod), pods.CONTAINER, _LOG_LINES)
            return text if len(text) <= limit else text[-limit:].partition("\n")[2]
        return ""

    def _deployment(self, endpoint: str) -> Deployment | None:
        found = self._deployments.objects().get(object_name(check_id(endpoint)))
        return found if found and found.metadata and found.metadata.deletionTimestamp is None else None

    def _of(self, endpoint: str) -> list[Pod]:
        return [pod for pod in self._pods.objects().values() if labels_of(pod).get(ENDPOINT) == endpoint]

    def _has_pods(self, endpoint: str) -> bool:
        return not all(map(is_over, self._of(check_id(endpoint))))

    def _manifest(self, order: Supervision, labels: Mapping[str, str]) -> Manifest:
        told = ["--url", order.url, "--endpoint", order.name, "--dir", f"{pods.HOME}/endpoint"]
        pod = pods.Pod(
            profile=order.profile,
            image=self._endpoints.image,
            command=[*self._endpoints.command, *told, "--token-file", f"{pods.TOKEN_FOLDER}/{pods.TOKEN}"],
            secret=object_name(order.id),
            labels=labels,
            pull_policy=self._endpoints.pull_policy,
            grace_s=self._endpoints.grace_s,
            restarts=True,
            environ={**self._endpoints.environ, "GRISTMILL_ENDPOINT": order.id},
            port=order.port,
            ready_path=READY,
            drain_s=DRAIN_S if order.serves is not None else 0,
        )
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": {ENDPOINT: order.id}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": pods.template(pod),
        }
        return {"metadata": {"name": object_name(order.id), "labels": dict(labels)}, "spec": spec}


def service_name(project: str, endpoint: str) -> str:
    """A label of RFC 1035 that no other endpoint of any project has."""
    mark = hashlib.sha256(f"{project}/{endpoint}".encode()).hexdigest()[:8]
    plain = re.sub("[^a-z0-9]+", "-", endpoint.lower()).strip("-")[:44].strip("-")
    return f"endpoint-{plain}-{mark}"


def _service(order: Supervision, labels: Mapping[str, str]) -> Manifest:
    name = (urlsplit(order.serves or "").hostname or "").partition(".")[0]
    ports = [{"name": "http", "port": _HTTP, "targetPort": "http"}]
    spec = {"selector": {ENDPOINT: order.id}, "ports": ports}
    return {"metadata": {"name": name, "labels": dict(labels)}, "spec": spec}
