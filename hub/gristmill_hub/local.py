"""A hub on one machine: people's servers and the control plane are processes of the user who started it."""

import os
import sys
from typing import Any

from gristmill.profiles.catalogue import load_catalogue
from gristmill_hub import proxy
from gristmill_hub.ahead import COMMAND
from gristmill_hub.page import form
from gristmill_hub.settings import JUPYTER, SERVICE, HubSettings


def places(c: Any, settings: HubSettings) -> None:
    """On loopback, everything that is kept in the home."""
    c.JupyterHub.bind_url = f"http://127.0.0.1:{settings.port}"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings.hub_port}"
    c.JupyterHub.db_url = f"sqlite:///{settings.home / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(settings.home / "cookie_secret")
    c.ConfigurableHTTPProxy.command = proxy.command(settings.home)
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings.proxy_port}"
    c.ConfigurableHTTPProxy.pid_file = str(settings.home / "proxy.pid")


def servers(c: Any, settings: HubSettings) -> None:
    """Each person's JupyterLab, as a process of the user whose hub this is. No limit of a profile is enforced on it."""
    c.JupyterHub.spawner_class = "gristmill_hub.local_spawner.LocalSpawner"
    c.LocalSpawner.home_dir_template = str(settings.home / "people" / "{username}")
    c.Spawner.cmd = list(COMMAND)
    c.Spawner.default_url = "/lab"
    c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
    # The control plane is found by this and by the server's own token: there is nothing to type.
    c.Spawner.environment = {"GRISTMILL_SERVICE_URL": settings.control_plane_url, "SHELL": "/bin/bash"}
    c.Spawner.environment["JUPYTER_CONFIG_PATH"] = str(JUPYTER)
    c.Spawner.start_timeout = c.Spawner.http_timeout = 120
    if settings.profiles is not None:
        c.Spawner.options_form = form(load_catalogue(settings.profiles, required=True), settings)


def control_plane(c: Any, settings: HubSettings) -> None:
    """A service that the hub starts, and starts again where it has ended."""
    service: dict[str, Any] = {
        "name": SERVICE,
        "command": [sys.executable, "-m", "gristmill.server"],
        "environment": {
            "GRISTMILL_HOME": str(settings.home / "control-plane"),
            "GRISTMILL_PORT": str(settings.control_plane_port),
            "GRISTMILL_HUB_API_URL": settings.hub_api_url,
            "GRISTMILL_ALLOW_UNISOLATED": "1",
        },
    }
    if settings.profiles is not None:
        service["environment"]["GRISTMILL_PROFILES"] = str(settings.profiles)
    if settings.public_url:
        service |= {"url": settings.control_plane_url, "display": False, "timeout": 120}
        service["environment"]["GRISTMILL_PUBLIC_URL"] = settings.gateway_url
    c.JupyterHub.services += [service]
