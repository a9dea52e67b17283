"""Projects own names, and people are in them."""

import hashlib
import re
from dataclasses import dataclass

from gristmill.core.scopes import Scope

DEFAULT_PROJECT = "default"
LONGEST = 40
PERSONAL = "user-"
# MLflow's workspaces are called as projects are, and it takes no other names: lower case, no double hyphen.
_NAME = re.compile(r"(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a token of a directory speaks for. The first of `projects` is the person's own."""

    name: str
    scopes: frozenset[Scope]
    projects: tuple[str, ...]
    groups: frozenset[str] = frozenset()


def is_project_name(name: str) -> bool:
    return 2 <= len(name) <= LONGEST and _NAME.fullmatch(name) is not None


def personal_project(person: str) -> str:
    """`user-ada`. A name that is none for a project is written as one, and a hash keeps it apart from others."""
    plain = f"{PERSONAL}{person}"
    if is_project_name(plain):
        return plain
    told = re.sub("[^a-z0-9]+", "-", person.lower()).strip("-")[: LONGEST - len(PERSONAL) - 9].strip("-")
    marked = hashlib.sha256(person.encode()).hexdigest()[:8]
    return f"{PERSONAL}{told}-{marked}" if told else f"{PERSONAL}{marked}"
