"""The catalogue of profiles as KubeSpawner takes it: what each person may start a server on."""

from typing import Any

from gristmill.profiles.model import Catalogue, Profile, ProfileUse
from gristmill.profiles.pods import GPU, resources, shared_memory, tolerations
from gristmill.profiles.quantities import in_words

SHM = "shm"


def offered(catalogue: Catalogue, groups: set[str]) -> list[Profile]:
    """Those that are for servers and that these groups of the person's give."""
    return [one for one in catalogue.given_by(frozenset(groups)).profiles if ProfileUse.SERVER in one.uses]


def groups_of(spawner: Any) -> set[str]:
    return {group.name for group in spawner.user.groups}


def profile_list(catalogue: Catalogue, groups: set[str]) -> list[dict[str, Any]]:
    """For `KubeSpawner.profile_list`: what it applies it finds here, whatever a form or the REST API has asked for."""
    found = offered(catalogue, groups)
    first = next((one for one in found if ProfileUse.SERVER in one.default_for), None)
    default = first or next((one for one in found if one.default), found[0] if found else None)
    return [
        {
            "slug": profile.name,
            "display_name": profile.name,
            "description": profile.description,
            "default": profile is default,
            "kubespawner_override": override(profile),
            "gristmill": facts(profile),  # for our own page
        }
        for profile in found
    ]


def facts(profile: Profile) -> dict[str, str | None]:
    """What the page says of it, in words."""
    has = profile.resources
    kind = profile.accelerator or "GPU"
    devices = f"{has.accelerators} x {kind}" if has.accelerators > 1 else kind
    return {
        "cores": f"{has.cpu:g} {'core' if has.cpu == 1 else 'cores'}",
        "memory": in_words(has.memory),
        "devices": devices if has.accelerators else None,
        "rate": f"{profile.rate_per_hour:g} per hour" if profile.rate_per_hour else "free of charge",
    }


def override(profile: Profile) -> dict[str, Any]:
    """What a server on this profile has of its own. Dictionaries where KubeSpawner would replace a list."""
    limits = resources(profile)["limits"]
    devices = {GPU: limits[GPU]} if GPU in limits else {}
    found: dict[str, Any] = {
        "cpu_guarantee": profile.resources.cpu,
        "cpu_limit": profile.resources.cpu,
        "mem_guarantee": profile.resources.memory,
        "mem_limit": profile.resources.memory,
        "extra_resource_guarantees": devices,
        "extra_resource_limits": devices,
        "node_selector": dict(profile.node_selector),
        "tolerations": tolerations(profile),
    }
    if profile.image is not None:
        found["image"] = profile.image
    if (shm := shared_memory(profile)) is not None:
        found["volumes"] = {SHM: shm}
        found["volume_mounts"] = {SHM: {"name": SHM, "mountPath": "/dev/shm"}}  # noqa: S108  # the pod's own
    return found
