"""Environments: named, locked sets of packages that a run's kernel has. What a lock may hold is said here."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gristmill.core.errors import InvalidInputError
from gristmill.core.wire import Strict

MAX_LOCK = 4 * 2**20
MAX_ASKED = 2_000  # modules, or requirements, of one question

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PYTHON = re.compile(r"3\.[0-9]{1,2}")
_LOCKED = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;]+)\s*(?:;[^\\]*?)?((?:\s+--hash=\w+:[0-9a-f]+)+)"
)
_SEPARATORS = re.compile("[-_.]+")


class EnvironmentKind(StrEnum):
    """Where an environment's packages come from."""

    REQUIREMENTS = "requirements"  # made by the worker from a lock
    INTERPRETER = "interpreter"  # a virtual or conda environment that is there: its Python
    KERNEL = "kernel"  # a kernelspec that is there


@dataclass(frozen=True, kw_only=True)
class EnvironmentRequest(Strict):
    """POST /api/environments. `source` is a file's name, an interpreter's path or a kernelspec's name, by `kind`.

    Of `requirements` also the digest of the lock, a blob that was sent before, and the Python that it was made for.
    """

    name: str
    kind: EnvironmentKind
    source: str
    lock: str | None = None
    python: str | None = None
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class RunEnvironment:
    """An environment as a run has it, whatever becomes of the name later."""

    name: str
    kind: EnvironmentKind
    source: str
    python: str
    digest: str
    lock: str | None = None


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A stored one. `packages` are `name==version`, sorted; `python` is its version.

    `digest` names the Python and the packages with their hashes, or, of what is there already, the packages as they
    were when it was added. `size` is what its folder has on the machine that runs it, in bytes; None: it is not made.
    """

    project_id: str
    name: str
    kind: EnvironmentKind
    source: str
    python: str
    digest: str
    packages: tuple[str, ...]
    created_by: str
    created_at: datetime
    lock: str | None = None
    size: int | None = None
    used_at: datetime | None = None

    @property
    def of_run(self) -> RunEnvironment:
        return RunEnvironment(
            name=self.name,
            kind=self.kind,
            source=self.source,
            python=self.python,
            digest=self.digest,
            lock=self.lock,
        )


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """What a machine is asked about: the Python at a path, that of a kernelspec, or of an environment that a worker has
    made there, by its digest; one of the three.
    """

    path: str | None = None
    kernel: str | None = None
    made: str | None = None


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """What an interpreter has. `modules` are the names that `import` may find; `opaque`: it may find others too.

    `fault` says why it could not be asked; then the rest is empty.
    """

    interpreter: str = ""
    python: str = ""
    digest: str = ""
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    opaque: bool = True
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An environment that was made on a machine, in a folder named by its digest."""

    digest: str
    size: int
    used_at: datetime
    packages: int = 0


@dataclass(frozen=True, kw_only=True)
class EnvironmentCheck(Strict):
    """POST /api/environments/check: does this environment, or this kernel, have these modules and distributions?"""

    kernel: str | None = None
    environment: str | None = None
    modules: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EnvironmentAnswer:
    """`known` is False where that cannot be told now: then nothing lacks.

    `modules` are those that no import can find; `requirements` those distributions that are not installed, or not in
    the lock of an environment that is not made yet. `packages` is how many distributions it has.
    """

    known: bool
    modules: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    interpreter: str | None = None
    python: str | None = None
    packages: int | None = None


@dataclass(frozen=True, kw_only=True)
class PruneRequest(Strict):
    """POST /api/environments/prune. With `everything` also those that have a name: they are made anew when used."""

    everything: bool = False


def check_name(name: str) -> str:
    """Raises InvalidInputError unless it can be an environment's name."""
    if not _NAME.fullmatch(name):
        expected = "letters, digits, '.', '_' and '-', at most 63"
        raise InvalidInputError(f"environment {name[:80]!r} has no valid name: expected {expected}")
    return name


def check_python(python: str | None) -> str:
    if python is None or not _PYTHON.fullmatch(python):
        raise InvalidInputError(f"python {(python or '')[:40]!r} is not valid: expected a version such as 3.11")
    return python


def canonical(name: str) -> str:
    """A distribution's name in the form that names are compared in (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def read_lock(text: str) -> tuple[str, ...]:
    """`name==version` of every package of a lock in requirements.txt's form, sorted.

    Raises:
        InvalidInputError: a line that is not a package with its version and hashes: it would not be the same twice.
    """
    packages = []
    for line in _joined_lines(text):
        found = _LOCKED.fullmatch(line)
        if found is None:
            raise InvalidInputError(
                f"{line[:120]!r} is not locked: expected NAME==VERSION with hashes",
                hint="Folders, URLs and git branches change under the same name: build a wheel of such a package, "
                "and put it where uv finds it (UV_FIND_LINKS).",
            )
        packages.append(f"{canonical(found[1])}=={found[2]}")
    if not packages:
        raise InvalidInputError("the lock holds no packages: expected at least ipykernel")
    return tuple(sorted(packages))


def locked_digest(python: str, text: str) -> str:
    """`sha256:<hex>` of the Python and the packages with their hashes, in whatever order they stand."""
    content = json.dumps([python, sorted(" ".join(line.split()) for line in _joined_lines(text))])
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def names_of(packages: Iterable[str]) -> frozenset[str]:
    """The canonical names of `name==version` texts."""
    return frozenset(canonical(one.partition("==")[0]) for one in packages)


def lacking(inspected: Inspected, modules: Sequence[str], requirements: Sequence[str]) -> EnvironmentAnswer:
    """Which of them an interpreter lacks; nothing is claimed of modules where it may find others than were seen."""
    known = frozenset(inspected.modules)
    installed = names_of(inspected.packages)
    return EnvironmentAnswer(
        known=True,
        modules=() if inspected.opaque else tuple(name for name in modules if name not in known),
        requirements=tuple(name for name in requirements if canonical(name) not in installed),
        interpreter=inspected.interpreter,
        python=inspected.python,
        packages=len(inspected.packages),
    )


def with_sizes(environments: Iterable[Environment], prepared: Mapping[str, Prepared]) -> list[Environment]:
    found = []
    for one in environments:
        made = prepared.get(one.digest)
        found.append(replace(one, size=made.size, used_at=made.used_at) if made else one)
    return found


def _joined_lines(text: str) -> list[str]:
    """The lines that say something, continued ones as one."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [line.strip() for one in lines if (line := re.sub(r"(^|\s)#.*$", "", one)).strip()]
