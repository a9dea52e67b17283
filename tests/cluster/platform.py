"""The whole platform on a real Kubernetes, as `helm install` brings it up."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import httpx2  # lightkube's
import pytest
from lightkube import ApiError, Client
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Namespace, PersistentVolume, PersistentVolumeClaim, Pod, Service
from lightkube.types import CascadeType

from tests.hub import ADMIN_PASSWORD, PASSWORD, Hub
from tests.kubernetes import make, need_cluster
from tests.waiting import until
from tools.images import build

CHART = Path("hub/chart")
VALUES = Path("tests/cluster/values.yaml")
POSTGRESQL = Path("tests/cluster/postgresql")
UP = 300  # seconds
# By what Service and path a Deployment is asked; of what has none here, its pods say enough.
ASKED = {"control-plane": ("gristmill", ":8090/api/runs"), "proxy": ("proxy-public", "/hub/login")}


@dataclass(frozen=True)
class Platform:
    admin: Client
    namespace: str
    hub: Hub

    def address_of(self, service: str) -> str:
        """Services can be called from the machine that the tests run on; their names are known in pods only."""
        found = self.admin.get(Service, service, namespace=self.namespace)
        return str(found.spec and found.spec.clusterIP)

    def pods(self, component: str) -> list[Pod]:
        labels: dict[str, Any] = {"app.kubernetes.io/component": component}
        return list(self.admin.list(Pod, namespace=self.namespace, labels=labels))

    def delete_pods(self, component: str) -> None:
        for pod in self.pods(component):
            self.admin.delete(Pod, str(pod.metadata and pod.metadata.name), namespace=self.namespace, grace_period=1)

    def spawn(self, name: str, options: dict[str, Any] | None = None) -> httpx.Response:
        """Asks the hub's REST API for this person's server, with a token of the person's own."""
        return httpx.post(
            f"{self.hub.url}/hub/api/users/{name}/server",
            headers={"Authorization": f"token {self.hub.token(name)}"},
            json=options or {},
            timeout=60,
        )

    def until_ready(self, deployment: str) -> None:
        """Also where pods of it were deleted just now, which its status and its Service learn later."""
        until(lambda: self._is_ready(deployment), UP, f"{deployment} is ready")
        if deployment in ASKED:
            service, path = ASKED[deployment]
            url = f"http://{self.address_of(service)}{path}"
            until(lambda: _answers(url), UP, f"{url} answers")

    def _is_ready(self, deployment: str) -> bool:
        wanted = self.admin.get(Deployment, deployment, namespace=self.namespace).spec
        pods = self.pods(deployment)
        ending = [pod for pod in pods if pod.metadata and pod.metadata.deletionTimestamp]
        return not ending and sum(map(_serves, pods)) == wanted.replicas


def helm() -> str:
    found = os.environ.get("HELM") or shutil.which("helm")
    if not found:
        pytest.skip("helm is not installed, and HELM names none")
    return found


@contextmanager
def installed(*sets: str) -> Iterator[Platform]:
    """In a namespace of its own, which is gone afterwards with its volumes."""
    need_cluster()
    program = helm()
    build("postgres:17-bookworm", POSTGRESQL / "Dockerfile", POSTGRESQL)
    name = f"gristmill-{uuid4().hex[:6]}"
    admin = Client(namespace=name)
    given = [f"--set={one}" for one in (f"hub.password={PASSWORD}", f"hub.adminPassword={ADMIN_PASSWORD}", *sets)]
    command = [program, "install", "gristmill", str(CHART), "--namespace", name, "--create-namespace", "--wait"]
    try:
        subprocess.run([*command, "--values", str(VALUES), *given], check=True, stdout=subprocess.DEVNULL)
        hub = Hub("", f"http://gristmill.{name}.svc:8090", Path())
        platform = Platform(admin, name, hub)
        for deployment in ASKED:
            platform.until_ready(deployment)
        hub = Hub(f"http://{platform.address_of('proxy-public')}", hub.control_plane, Path())
        yield Platform(admin, name, hub)
    finally:
        claims = list(admin.list(PersistentVolumeClaim, namespace=name))
        admin.delete(Namespace, name, cascade=CascadeType.FOREGROUND)
        until(lambda: _is_gone(admin, name), UP, "the namespace is gone")
        _free_volumes(admin, {str(one.spec and one.spec.volumeName) for one in claims})
        admin.close()


@contextmanager
def names_resolve(platform: Platform) -> Iterator[None]:
    """In this process, names of services lead where they lead in a pod, also while the cluster's API is away."""
    ask, known = socket.getaddrinfo, dict[str, str]()

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        if isinstance(text, str) and text.endswith(".svc"):
            service = text.partition(".")[0]
            try:
                known[service] = platform.address_of(service)
            except httpx2.TransportError:
                if service not in known:
                    raise
            return ask(known[service], *rest, **more)
        return ask(host, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield


def _answers(url: str) -> bool:
    """It need not let us in."""
    try:
        return not httpx.get(url).is_server_error
    except httpx.TransportError:
        return False


def _serves(pod: Pod) -> bool:
    conditions = pod.status.conditions if pod.status else None
    return any(one.type == "Ready" and one.status == "True" for one in conditions or ())


def _is_gone(admin: Client, namespace: str) -> bool:
    try:
        admin.get(Namespace, namespace)
    except ApiError as error:
        return error.status.code == 404
    return False


def _free_volumes(admin: Client, names: set[str]) -> None:
    """A volume that was claimed keeps what was in it, and is nobody else's until it is made anew."""
    for volume in admin.list(PersistentVolume):
        found = volume.to_dict()
        name = found["metadata"]["name"]
        if name not in names:
            continue
        path = Path(found["spec"].get("local", found["spec"].get("hostPath", {})).get("path", ""))
        admin.delete(PersistentVolume, name)
        until(lambda name=name: _is_removed(admin, name), 60, f"{name} is gone")  # type: ignore[misc]
        if path.is_dir():
            for entry in path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        metadata = {"name": name, "labels": found["metadata"].get("labels", {})}
        spec = {key: value for key, value in found["spec"].items() if key != "claimRef"}
        make(admin, PersistentVolume, {"metadata": metadata, "spec": spec})


def _is_removed(admin: Client, volume: str) -> bool:
    try:
        admin.get(PersistentVolume, volume)
    except ApiError as error:
        return error.status.code == 404
    return False
