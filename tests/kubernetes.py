"""A namespace of a real Kubernetes, and what Gristmill's own account may do in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from lightkube import Client
from lightkube.resources.core_v1 import Namespace, ServiceAccount, ServiceAccountToken
from lightkube.resources.rbac_authorization_v1 import Role, RoleBinding
from lightkube.types import CascadeType

from tools.images import build

ROLE = Path("hub/chart/files/control-plane-role.yaml")
STAND_IN = "gristmill-stand-in:1"


@dataclass(frozen=True)
class Ground:
    """`admin` may do anything; `kubeconfig` is of the account that a control plane has."""

    admin: Client
    namespace: str
    kubeconfig: Path


def need_cluster() -> str:
    """The configuration of the cluster that the tests are given."""
    found = os.environ.get("KUBECONFIG")
    if not found:
        pytest.skip("no Kubernetes is given by KUBECONFIG (CONTRIBUTING.md says how)")
    return found


def stand_in_image() -> str:
    return build(STAND_IN, Path("tests/contract/stand_ins/Dockerfile"), Path("tests/contract/stand_ins"))


@contextmanager
def namespace(folder: Path) -> Iterator[Ground]:
    """A new one, which is gone afterwards with all that is in it."""
    config = need_cluster()
    name = f"gristmill-test-{uuid4().hex[:8]}"
    admin = Client(namespace=name)
    make(admin, Namespace, {"metadata": {"name": name}})
    try:
        yield Ground(admin, name, _account(admin, name, Path(config), folder))
    finally:
        admin.delete(Namespace, name, cascade=CascadeType.BACKGROUND)
        admin.close()


def _account(admin: Client, name: str, config: Path, folder: Path) -> Path:
    rules = yaml.safe_load(ROLE.read_text())
    make(admin, ServiceAccount, {"metadata": {"name": "control-plane"}})
    make(admin, Role, {"metadata": {"name": "control-plane"}, "rules": rules})
    binding = {
        "metadata": {"name": "control-plane"},
        "subjects": [{"kind": "ServiceAccount", "name": "control-plane", "namespace": name}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "control-plane"},
    }
    make(admin, RoleBinding, binding)
    token = make(admin, ServiceAccountToken, {"metadata": {}, "spec": {"audiences": []}}, "control-plane").status.token
    known: dict[str, Any] = yaml.safe_load(config.read_text())
    known["users"] = [{"name": "it", "user": {"token": token}}]
    known["contexts"] = [
        {"name": "it", "context": {"cluster": known["clusters"][0]["name"], "user": "it", "namespace": name}}
    ]
    known["current-context"] = "it"
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(known))
    return file


def make(admin: Client, kind: Any, manifest: dict[str, Any], *of: str) -> Any:
    """The new object; `of` names the one that it is a part of."""
    return admin.create(kind.from_dict(manifest), *of)
