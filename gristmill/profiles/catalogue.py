"""The catalogue of profiles: `profiles.yaml`, or the machine's own where there is none. See docs/profiles.md."""

import re
from dataclasses import replace
from pathlib import Path

from gristmill.core.fields import Document, Fields
from gristmill.profiles.defaults import default_catalogue
from gristmill.profiles.machine import Machine, read_machine
from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.profiles.quantities import cores, count, memory, rate

_CAPACITY = ("cpu", "memory", "accelerators")
_PROFILE = (
    *_CAPACITY,
    *("accelerator", "description", "image", "rate_per_hour", "uses", "groups", "default", "default_for"),
    *("node_selector", "tolerations", "shared_memory"),
)
# What other catalogues call it.
_MEANT = {
    **dict.fromkeys(("gpu", "gpus", "devices", "nvidia.com/gpu"), "accelerators"),
    **dict.fromkeys(("mem", "ram", "mem_limit", "memory_limit"), "memory"),
    **dict.fromkeys(("cpus", "core", "cores", "cpu_limit", "vcpu", "vcpus"), "cpu"),
    **dict.fromkeys(("price", "rate", "cost", "rate_per_h"), "rate_per_hour"),
    **dict.fromkeys(("display_name", "title", "help"), "description"),
    **dict.fromkeys(("shm", "shm_size", "dev_shm"), "shared_memory"),
    **dict.fromkeys(("nodeselector", "nodes"), "node_selector"),
    **dict.fromkeys(("gpu_type", "gpu_model", "accelerator_type"), "accelerator"),
}
_TOLERATION = re.compile(r"[^\s:=]+(=[^\s:=]*)?(:(NoSchedule|PreferNoSchedule|NoExecute))?")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def load_catalogue(path: Path | None, *, required: bool = False, machine: Machine | None = None) -> Catalogue:
    """The catalogue in the file at `path`; the machine's default one without a path, and without a file there.

    Raises:
        NotFoundError: where the file is `required` and is not there.
        InvalidInputError: with every fault in the file: line, column, field, what was got and expected.
    """
    machine = machine or read_machine()
    if path is None or not (required or path.exists()):
        return default_catalogue(machine)
    document = Document(path)
    top = document.read("'profiles'")
    top.only(("profiles", "capacity"))
    profiles = _profiles(top)
    capacity = _capacity(top, machine)
    document.check()
    return Catalogue(profiles=profiles, capacity=capacity, source=str(path))


def _profiles(top: Fields) -> tuple[Profile, ...]:
    fields = top.mapping("profiles")
    if fields is None:
        top.need("profiles")
        return ()
    if not fields.node.value:
        top.fault("profiles", "expected at least one profile")
    profiles = []
    for name, one in fields.mappings():
        if not _NAME.fullmatch(name):
            fields.fault(name, "expected a name of letters, digits, '.', '_' and '-', at most 63")
        profiles.append(_profile(name, one))
    return _with_one_default(fields, profiles)


def _profile(name: str, fields: Fields) -> Profile:
    fields.only(_PROFILE, _MEANT)
    fields.need("cpu")
    fields.need("memory")
    uses = fields.take_list("uses", _use)
    uses = list(ProfileUse) if uses is None else uses
    default_for = fields.take_list("default_for", _use) or []
    for use in set(default_for) - set(uses):
        fields.fault("default_for", f"names {use.value!r}, which is not among its uses")
    return Profile(
        name=name,
        resources=Resources(
            cpu=fields.take("cpu", cores, 0.0),
            memory=fields.take("memory", memory, 0),
            accelerators=fields.take("accelerators", count, 0),
        ),
        description=fields.take("description", _text, ""),
        accelerator=fields.take("accelerator", _optional_text, None),
        image=fields.take("image", _optional_text, None),
        rate_per_hour=fields.take("rate_per_hour", rate, 0.0),
        uses=frozenset(uses),
        groups=frozenset(fields.take_list("groups", _text) or ()),
        default=fields.take("default", _flag, False),
        default_for=frozenset(default_for),
        node_selector=fields.take_mapping("node_selector", _text) or {},
        tolerations=tuple(fields.take_list("tolerations", _toleration) or ()),
        shared_memory=fields.take("shared_memory", memory, 0),
    )


def _with_one_default(fields: Fields, profiles: list[Profile]) -> tuple[Profile, ...]:
    """The first is the default where none is marked."""
    marked = [profile.name for profile in profiles if profile.default]
    for name in marked[1:]:
        fields.fault(name, f"is marked as default, and {marked[0]!r} is already", hint="Mark one.")
    for use in ProfileUse:
        named = [profile.name for profile in profiles if use in profile.default_for]
        for name in named[1:]:
            fields.fault(name, f"is marked as default for {use.value!r}, and {named[0]!r} is already", hint="Mark one.")
    if profiles and not marked:
        profiles[0] = replace(profiles[0], default=True)
    return tuple(profiles)


def _capacity(top: Fields, machine: Machine) -> Resources:
    """What is not said of it is the machine's."""
    own = Resources(cpu=machine.cpu, memory=machine.memory, accelerators=len(machine.accelerators))
    fields = top.mapping("capacity")
    if fields is None:
        return own
    fields.only(_CAPACITY, _MEANT)
    return Resources(
        cpu=fields.take("cpu", cores, own.cpu),
        memory=fields.take("memory", memory, own.memory),
        accelerators=fields.take("accelerators", count, own.accelerators),
    )


def _use(value: object) -> ProfileUse:
    try:
        return ProfileUse(str(value))
    except ValueError as error:
        raise ValueError(f"expected one of: {', '.join(ProfileUse)}") from error


def _toleration(value: object) -> str:
    text = _text(value)
    if not _TOLERATION.fullmatch(text):
        raise ValueError("expected a taint as key, key=value or key=value:NoSchedule")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected text")
    return value.strip()


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - one more fault of the file
    return value
