"""What compute a thing gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class ProfileUse(StrEnum):
    SERVER = "server"
    KERNEL = "kernel"
    RUN = "run"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """`cpu` in cores, `memory` in bytes, `accelerators` in whole devices."""

    cpu: float = 0.0
    memory: int = 0
    accelerators: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            cpu=self.cpu + other.cpu,
            memory=self.memory + other.memory,
            accelerators=self.accelerators + other.accelerators,
        )

    def __sub__(self, other: "Resources") -> "Resources":
        return Resources(
            cpu=self.cpu - other.cpu,
            memory=self.memory - other.memory,
            accelerators=self.accelerators - other.accelerators,
        )

    def fits_in(self, other: "Resources") -> bool:
        return self.cpu <= other.cpu + 1e-9 and self.memory <= other.memory and self.accelerators <= other.accelerators


@dataclass(frozen=True, kw_only=True)
class Profile:
    """`rate_per_hour` is money in the catalogue's own currency, 0 on a laptop.

    `default` is taken where none is named; `default_for` are uses that take this one instead. `node_selector` and
    `tolerations` (`key[=value][:effect]`) say on which nodes of a Kubernetes; `shared_memory` is /dev/shm's, in bytes.
    """

    name: str
    resources: Resources
    description: str = ""
    accelerator: str | None = None  # the kind of device, where it matters
    image: str | None = None
    rate_per_hour: float = 0.0
    uses: frozenset[ProfileUse] = frozenset(ProfileUse)
    groups: frozenset[str] = frozenset()  # empty: everybody
    default: bool = False
    default_for: frozenset[ProfileUse] = frozenset()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[str, ...] = ()
    shared_memory: int = 0  # 0: the container runtime's own 64 MiB


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Every profile, and the machine's whole capacity that local admission counts against."""

    profiles: tuple[Profile, ...]
    capacity: Resources
    source: str  # a path, or "this machine"

    def given_by(self, groups: frozenset[str] | None) -> "Catalogue":
        """What is left of it for who is in these groups; all of it where nobody knows of groups."""
        if groups is None:
            return self
        return replace(self, profiles=tuple(one for one in self.profiles if not one.groups or one.groups & groups))


@dataclass(frozen=True, kw_only=True)
class ProfileStatus:
    """A profile with what is free now: `free_slots` is how many more things of it would start at once.

    `kept` of those `in_use` are held by kernels of failed runs, kept for a look at them.
    """

    profile: Profile
    free_slots: int
    in_use: int
    kept: int = 0
