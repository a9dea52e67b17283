"""A profile as a pod. KubeSpawner's own manifest for the same profile is what ours is held against."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import kubernetes_asyncio.config.kube_config
import pytest
from gristmill_hub.profiles import override
from kubespawner import KubeSpawner

from gristmill.profiles import pods
from gristmill.profiles.model import Profile, Resources

GB = 10**9
SMALL = Profile(name="small", resources=Resources(cpu=0.5, memory=2 * GB))
GPU = Profile(
    name="gpu",
    resources=Resources(cpu=8, memory=64 * 2**30, accelerators=2),
    image="registry.example.org/gpu:1",
    node_selector={"kind": "a100"},
    tolerations=("team=vision:NoSchedule", "spot"),
    shared_memory=2**30,
)


def template(profile: Profile, drain_s: int = 0) -> dict[str, Any]:
    return pods.template(
        pods.Pod(
            profile=profile,
            image="ours:1",
            command=["python"],
            secret="its-token",
            labels={"a": "b"},
            drain_s=drain_s,
        )
    )


@pytest.fixture(autouse=True)
def cluster_that_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KubeSpawner reads where its cluster is as soon as it is made."""
    place = {"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}], "current-context": "c"}
    found = {
        **place,
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    }
    (tmp_path / "config").write_text(json.dumps({**found, "apiVersion": "v1", "kind": "Config"}))
    monkeypatch.setattr(kubernetes_asyncio.config.kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))


async def kubespawners(profile: Profile) -> dict[str, Any]:
    """The pod that KubeSpawner makes for a server on the profile, as JSON."""
    spawner = KubeSpawner(_mock=True, namespace="people", image="ours:1", storage_pvc_ensure=False)
    for name, value in override(profile).items():
        setattr(spawner, name, value)
    client = spawner.api.api_client
    found: dict[str, Any] = client.sanitize_for_serialization(await spawner.get_pod_manifest())
    await client.close()
    return found


def amounts(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {side: {name: amount(one) for name, one in resources[side].items()} for side in resources}


def amount(text: object) -> Decimal:
    """Of a quantity as these manifests have it: a number, or thousandths."""
    plain = str(text)
    return Decimal(plain.removesuffix("m")) / 1000 if plain.endswith("m") else Decimal(plain)


@pytest.mark.parametrize("profile", [SMALL, GPU], ids=lambda profile: profile.name)
async def test_a_run_gets_what_kubespawner_gives_a_server_on_the_same_profile(profile: Profile) -> None:
    ours, theirs = template(profile)["spec"], (await kubespawners(profile))["spec"]
    (our_container,), (their_container,) = ours["containers"], theirs["containers"]
    assert amounts(our_container["resources"]) == amounts(their_container["resources"])
    assert our_container["image"] == their_container["image"]
    assert ours["nodeSelector"] == (theirs.get("nodeSelector") or {})
    by_key = {one["key"]: one for one in theirs.get("tolerations") or []}
    assert {one["key"]: one for one in ours["tolerations"]}.items() <= by_key.items()
    shm = [volume for volume in ours["volumes"] if volume["name"] == "shm"]
    assert shm == [volume for volume in theirs.get("volumes") or [] if volume["name"] == "shm"]


@pytest.mark.parametrize("profile", [SMALL, GPU], ids=lambda profile: profile.name)
def test_every_pod_is_shut(profile: Profile) -> None:
    spec = template(profile)["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    shut = container["securityContext"]
    assert (shut["readOnlyRootFilesystem"], shut["allowPrivilegeEscalation"]) == (True, False)
    assert shut["capabilities"] == {"drop": ["ALL"]}


def test_a_token_is_a_mounted_file_and_in_no_command_and_no_environment() -> None:
    spec = template(SMALL)["spec"]
    assert {"name": "token", "secret": {"secretName": "its-token", "defaultMode": 0o440}} in spec["volumes"]
    assert "its-token" not in str(spec["containers"])


def test_a_pod_that_serves_answers_on_while_the_nodes_hear_that_it_ends() -> None:
    serves = template(SMALL, drain_s=10)["spec"]
    assert serves["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}
    assert serves["terminationGracePeriodSeconds"] == template(SMALL)["spec"]["terminationGracePeriodSeconds"] + 10
    assert "lifecycle" not in template(SMALL)["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spot", {"key": "spot", "operator": "Exists"}),
        ("spot:NoExecute", {"key": "spot", "operator": "Exists", "effect": "NoExecute"}),
        ("team=a", {"key": "team", "operator": "Equal", "value": "a"}),
        ("team=a:NoSchedule", {"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}),
    ],
)
def test_a_toleration_is_written_as_a_taint(text: str, expected: dict[str, str]) -> None:
    profile = Profile(name="p", resources=Resources(cpu=1, memory=GB), tolerations=(text,))
    assert pods.tolerations(profile) == [expected]
