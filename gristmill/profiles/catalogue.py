"""The catalogue: `profiles.yaml`, or what this machine's size suggests. Every fault names line, column and field."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.profiles.machine import capacity
from gristmill.profiles.model import Catalogue, Profile, ProfileUse, Resources
from gristmill.profiles.sizes import parse_size


def load_catalogue(path: Path | None) -> Catalogue:
    """The catalogue of this file; without one, that of this machine.

    Raises:
        InvalidInputError: every fault of the file, each with its place.
    """
    machine = capacity()
    if path is None or not path.exists():
        return Catalogue(profiles=_suggested(machine), capacity=machine, source="this machine")
    return _Reader(path, machine).read(path.read_text(encoding="utf-8"))


def _suggested(machine: Resources) -> tuple[Profile, ...]:
    """A quarter, half and all of the machine; one core is never divided."""
    shares = (("small", 0.25, "a quarter"), ("medium", 0.5, "half"), ("large", 1.0, "all"))
    profiles = []
    for name, share, words in shares:
        cpu = max(1.0, float(int(machine.cpu * share))) if machine.cpu >= 1 else machine.cpu
        resources = Resources(cpu=cpu, memory=int(machine.memory * share))
        profiles.append(Profile(name=name, resources=resources, description=f"{words} of this machine"))
    profiles = [*_named_default(profiles, "small")]
    if machine.accelerators:
        share = machine.accelerators
        each = Resources(cpu=max(1.0, machine.cpu // share), memory=machine.memory // share, accelerators=1)
        profiles.append(Profile(name="gpu", resources=each, description="one accelerator", accelerator="nvidia"))
    return tuple(profiles)


def _named_default(profiles: list[Profile], name: str) -> Iterator[Profile]:
    for profile in profiles:
        yield replace(profile, default=profile.name == name)


@dataclass
class _Reader:
    path: Path
    machine: Resources
    faults: list[Fault] = field(default_factory=list)

    def read(self, text: str) -> Catalogue:
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{self.path}:{mark.line + 1}:{mark.column + 1}" if mark else str(self.path)
            problem = getattr(error, "problem", None) or str(error)
            raise InvalidInputError(f"{where}: {problem}", hint="The file must be YAML.") from error
        top = self._mapping(root, {"profiles"}, "the file")
        profiles = []
        if "profiles" in top:
            for key, node in self._items(top["profiles"], "profiles"):
                profile = self._profile(key, node)
                if profile is not None:
                    profiles.append(profile)
        if not profiles and not self.faults:
            self._fault(root, "profiles", "it names no profile", expected="profiles: {small: {cpu: 1, memory: 2 GB}}")
        defaults = [profile.name for profile in profiles if profile.default]
        if len(defaults) > 1:
            self._fault(root, "default", f"{len(defaults)} profiles are the default: {', '.join(defaults)}", "one")
        if self.faults:
            listed = "; ".join(f"{fault.where}: {fault.message}" for fault in self.faults)
            raise InvalidInputError(listed, faults=tuple(self.faults), hint="docs/profiles.md shows a whole file.")
        if not defaults:
            profiles = list(_named_default(profiles, profiles[0].name))
        return Catalogue(profiles=tuple(profiles), capacity=self.machine, source=str(self.path))

    def _profile(self, name: str, node: yaml.Node) -> Profile | None:
        known = set(_FIELDS)
        values = self._mapping(node, known, f"profile {name!r}")
        before = len(self.faults)
        read = {key: self._value(f"{name}.{key}", value, _FIELDS[key]) for key, value in values.items() if key in known}
        for needed in ("cpu", "memory"):
            if needed not in values:
                self._fault(node, f"{name}.{needed}", "is missing", expected=_EXPECTED[needed])
        if len(self.faults) > before:
            return None
        resources = Resources(cpu=read.pop("cpu"), memory=read.pop("memory"), accelerators=read.pop("accelerators", 0))
        return Profile(name=name, resources=resources, **read)

    def _value(self, where: str, node: yaml.Node, read: Callable[[Any], Any]) -> Any:
        given = _plain(node)
        try:
            return read(given)
        except (ValueError, TypeError) as error:
            self._fault(node, where, str(error), got=given, expected=_EXPECTED.get(where.rpartition(".")[2]))
            return None

    def _mapping(self, node: yaml.Node | None, known: set[str], what: str) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in self._items(node, what):
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(sorted(known))}"
                self._fault(value, key, f"{what} has an unknown field {key!r}; {hint}")
            found[key] = value
        return found

    def _items(self, node: yaml.Node | None, what: str) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, what, f"{what} must be a mapping, got {_plain(node)!r}")
            return
        seen = set()
        for key, value in node.value:
            name = str(_plain(key))
            if name in seen:
                self._fault(key, name, f"{what} has {name!r} twice")
            seen.add(name)
            yield name, value

    def _fault(
        self, node: yaml.Node | None, field: str, message: str, expected: str | None = None, got: Any = None
    ) -> None:
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node is not None else (1, 1)
        where = f"{self.path}:{line}:{column}"
        self.faults.append(Fault(where=where, message=f"{field}: {message}", got=got, expected=expected))


def _plain(node: yaml.Node | None) -> Any:
    return None if node is None else yaml.constructor.SafeConstructor().construct_object(node, deep=True)


def _cpu(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e5:
        raise ValueError(f"must be a number of cores above 0, got {value!r}")
    return float(value)


def _bytes(value: Any) -> int:
    size = value if isinstance(value, int) and not isinstance(value, bool) else parse_size(str(value))
    if size <= 0:
        raise ValueError(f"must be above 0, got {value!r}")
    return size


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"must be a whole number from 0 on, got {value!r}")
    return value


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"must be money per hour from 0 on, got {value!r}")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"must be text, got {value!r}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"must be true or false, got {value!r}")
    return value


def _uses(value: Any) -> frozenset[ProfileUse]:
    return frozenset(ProfileUse(one) for one in _list(value))


def _groups(value: Any) -> frozenset[str]:
    return frozenset(_text(one) for one in _list(value))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"must be a list, got {value!r}")
    return value


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "description": _text,
    "cpu": _cpu,
    "memory": _bytes,
    "accelerators": _count,
    "accelerator": _text,
    "image": _text,
    "rate_per_hour": _rate,
    "uses": _uses,
    "groups": _groups,
    "default": _flag,
}
_EXPECTED = {
    "cpu": "a number of cores, as 2 or 0.5",
    "memory": "a size, as 4 GB",
    "accelerators": "a whole number",
    "rate_per_hour": "money per hour, as 0.40",
    "uses": f"a list of {', '.join(use.value for use in ProfileUse)}",
    "groups": "a list of names",
    "default": "true or false",
}
