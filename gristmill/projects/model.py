"""Projects own names, and people are in them."""

import hashlib
import re
from dataclasses import dataclass

from gristmill.core.scopes import ActorKind, Scope

DEFAULT_PROJECT = "default"
LONGEST = 40
PERSONAL, OF_SERVICE = "user-", "service-"
# MLflow's workspaces are called as projects are, and it takes no other names: lower case, no double hyphen.
_NAME = re.compile(r"(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a token of a directory speaks for: a person, or a service of the directory's own, which is in no group.

    The first of `projects` is the person's own.
    """

    name: str
    scopes: frozenset[Scope]
    projects: tuple[str, ...]
    groups: frozenset[str] | None = frozenset()
    kind: ActorKind = ActorKind.PERSON


def is_project_name(name: str) -> bool:
    return 2 <= len(name) <= LONGEST and _NAME.fullmatch(name) is not None


def personal_project(person: str) -> str:
    """`user-ada`. A name that is none for a project is written as one, and a hash keeps it apart from others."""
    return _own(PERSONAL, person)


def service_project(service: str) -> str:
    """The same for a service of the hub's: `service-robot`."""
    return _own(OF_SERVICE, service)


def _own(prefix: str, name: str) -> str:
    plain = f"{prefix}{name}"
    if is_project_name(plain):
        return plain
    told = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[: LONGEST - len(prefix) - 9].strip("-")
    marked = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{prefix}{told}-{marked}" if told else f"{prefix}{marked}"
