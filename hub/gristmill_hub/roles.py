"""What people may do: Gristmill's scopes as custom scopes of the hub, its roles as roles that groups give."""

from typing import Any

from gristmill.core.scopes import HUB_PREFIX, PERSON_SCOPES, ROLES, Role, Scope
from gristmill_hub.settings import NOBODY, HubSettings

HUB = "gristmill-hub"  # a service that is no process: the hub, where it asks the control plane


def name_of(scope: Scope) -> str:
    return f"{HUB_PREFIX}{scope}"


def custom_scopes() -> dict[str, dict[str, str]]:
    return {name_of(scope): {"description": f"Gristmill: {scope}"} for scope in sorted(PERSON_SCOPES)}


def of_hub() -> dict[str, Any]:
    """What the hub itself may ask of the control plane, by the token of its service: what its page shows."""
    scopes = [name_of(Scope.PROFILES_READ)]
    return {"name": HUB, "description": "Gristmill: the hub", "scopes": scopes, "services": [HUB]}


def group_of(role: Role) -> str:
    return f"gristmill-{role}"


def roles() -> list[dict[str, Any]]:
    """One for each of ours; who is in the group of the same name has it."""
    return [
        {
            "name": group_of(role),
            "description": f"Gristmill: {role}",
            "scopes": sorted(map(name_of, scopes)),
            "groups": [group_of(role)],
        }
        for role, scopes in ROLES.items()
    ]


def groups(settings: HubSettings) -> dict[str, dict[str, Any]]:
    """A role can be given to no group that is not there."""
    users = {Role.ADMINISTRATOR: list(settings.admins)}
    return {group_of(role): {"users": users.get(role, [])} for role in ROLES}


def everybodys(settings: HubSettings) -> set[str]:
    """What everybody has who may log in."""
    return set() if settings.role == NOBODY else {name_of(scope) for scope in ROLES[Role(settings.role)]}


def of_servers() -> list[str]:
    """What a person's server may do in that person's name, as far as the person may.

    The first two are the hub's own for servers.
    """
    return ["users:activity!user", "access:servers!server", *sorted(map(name_of, PERSON_SCOPES - {Scope.ADMIN}))]
