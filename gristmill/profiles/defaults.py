"""The catalogue of a machine that nobody wrote one for."""

import math

from gristmill.profiles.machine import Machine
from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.profiles.quantities import in_words

_KEPT_FREE = 0.1  # of the memory: for the system and for Gristmill itself
_GRAIN = 2**26  # memory comes in 64 MiB


def default_catalogue(machine: Machine) -> Catalogue:
    """small, medium (the default) and large: a quarter, a half and all of a small machine; on a large one the first
    two stop at 2 and 8 cores. Memory goes with the cores. `gpu` is one device with its share of the machine.

    Endpoints take small: they hold it for good, and two of them leave a run of medium size its place.
    """
    profiles = [
        _profile("small", machine, min(machine.cpu / 4, 2), default_for=frozenset({ProfileUse.ENDPOINT})),
        _profile("medium", machine, min(machine.cpu / 2, 8), default=True),
        _profile("large", machine, machine.cpu),
    ]
    if machine.accelerators:
        profiles.append(_gpu(machine))
    capacity = Resources(cpu=machine.cpu, memory=machine.memory, accelerators=len(machine.accelerators))
    return Catalogue(profiles=tuple(profiles), capacity=capacity, source="this machine")


def _gpu(machine: Machine) -> Profile:
    devices = len(machine.accelerators)
    kinds = set(machine.accelerators)
    return _profile(
        "gpu",
        machine,
        machine.cpu / devices,
        accelerators=1,
        accelerator=kinds.pop() if len(kinds) == 1 else None,
    )


def _profile(
    name: str,
    machine: Machine,
    cpu: float,
    *,
    accelerators: int = 0,
    accelerator: str | None = None,
    default: bool = False,
    default_for: frozenset[ProfileUse] = frozenset(),
) -> Profile:
    cpu = max(math.floor(cpu * 100) / 100, 0.01)
    memory = int(machine.memory * (1 - _KEPT_FREE) * min(cpu / machine.cpu, 1)) // _GRAIN * _GRAIN
    resources = Resources(cpu=cpu, memory=max(memory, _GRAIN), accelerators=accelerators)
    parts = [f"{cpu:g} {'core' if cpu == 1 else 'cores'}", in_words(resources.memory)]
    if accelerators:
        parts.append(f"1 {accelerator or 'GPU'}")
    return Profile(
        name=name,
        resources=resources,
        accelerator=accelerator,
        description=", ".join(parts),
        default=default,
        default_for=default_for,
    )
