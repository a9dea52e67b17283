"""A hub with Gristmill, in a few steps on JupyterHub's own configuration object."""

from typing import Any

from gristmill_hub import kubernetes, local, roles
from gristmill_hub.settings import HubSettings, Mode


def configure(c: Any, settings: HubSettings) -> None:
    """Sets all that a hub with Gristmill needs; what is set on `c` afterwards counts."""
    people(c, settings)
    permissions(c, settings)
    if settings.mode is Mode.KUBERNETES:
        kubernetes.places(c, settings)
        kubernetes.servers(c, settings)
        kubernetes.control_plane(c, settings)
    else:
        local.places(c, settings)
        local.servers(c, settings)
        local.control_plane(c, settings)


def people(c: Any, settings: HubSettings) -> None:
    """One password for all: JupyterHub's own authenticator for a few days among colleagues."""
    c.JupyterHub.authenticator_class = "shared-password"
    c.Authenticator.allow_all = True
    c.Authenticator.admin_users = set(settings.admins)
    c.SharedPasswordAuthenticator.user_password = settings.password or None
    c.SharedPasswordAuthenticator.admin_password = settings.admin_password or None


def permissions(c: Any, settings: HubSettings) -> None:
    c.JupyterHub.custom_scopes = roles.custom_scopes()
    c.JupyterHub.load_roles = roles.roles()
    c.JupyterHub.services = []
    if settings.service_token:
        c.JupyterHub.services += [{"name": roles.HUB, "api_token": settings.service_token}]
        c.JupyterHub.load_roles += [roles.of_hub()]
    c.JupyterHub.load_groups = roles.groups(settings)
    c.JupyterHub.extra_user_scopes = roles.everybodys(settings)
    c.Spawner.server_token_scopes = roles.of_servers()
