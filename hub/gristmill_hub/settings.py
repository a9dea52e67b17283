"""Every setting of the hub: one typed object, read from the environment in this module only."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs

from gristmill.core.errors import InvalidInputError
from gristmill.core.scopes import Role

NOBODY = "none"
SERVICE = "gristmill"  # what the control plane is to the hub
# What JupyterLab begins with, for each person to change: no question about news in front of what one works with.
JUPYTER = Path(__file__).parent / "jupyter"


class Mode(StrEnum):
    LOCAL = "local"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True, kw_only=True)
class HubSettings:
    """`GRISTMILL_HUB_` + the field's name in capitals sets a field; `GRISTMILL_MODE` sets `mode`.

    People's homes, the hub's own database and the control plane's home lie in `home`. `role` is what everybody has who
    may log in: `none`, or the name of a role; groups of the hub called `gristmill-<role>` give theirs beside it.
    """

    home: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("gristmill")) / "hub")
    port: int = 8000
    hub_port: int = 8081
    proxy_port: int = 8001
    control_plane_port: int = 8090
    password: str = field(default="", repr=False)  # of everybody; of `admins` another one
    admin_password: str = field(default="", repr=False)
    admins: tuple[str, ...] = ()
    role: str = Role.DATA_SCIENTIST.value
    service_token: str = field(default="", repr=False)  # of the hub itself, where it asks the control plane
    profiles: Path | None = None  # the catalogue; on one machine nothing of it is enforced on servers
    public_url: str = ""  # how people elsewhere reach the hub: endpoints are called below it by the gateway
    mode: Mode = Mode.LOCAL
    # In a Kubernetes, where the parts are apart from each other:
    url: str = ""  # the hub's own, as proxy and servers reach it
    proxy_url: str = ""  # of the proxy's API
    control_plane: str = ""  # of the control plane
    database_url: str = field(default="", repr=False)
    image: str = ""  # of servers whose profile names none
    pull_policy: str = "IfNotPresent"
    environ: str = ""  # a secret: what servers' pods have as environment variables
    home_size: str = "10Gi"  # of each person's folder
    start_timeout: int = 600  # seconds until a server has to be up: nodes may have to come first

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "HubSettings":
        """The settings of this process.

        Raises:
            InvalidInputError: a value that cannot be one, or a mode that there is not.
        """
        environ = os.environ if environ is None else environ
        given: dict[str, Any] = {}
        for setting in fields(cls):
            name = "GRISTMILL_MODE" if setting.name == "mode" else f"GRISTMILL_HUB_{setting.name.upper()}"
            if text := environ.get(name, "").strip():
                given[setting.name] = _read(name, setting.name, text)
        settings = cls(**given)
        if settings.mode is Mode.KUBERNETES:
            needed = ("url", "proxy_url", "control_plane", "database_url", "image", "profiles")
            if missing := [f"GRISTMILL_HUB_{name.upper()}" for name in needed if not getattr(settings, name)]:
                raise InvalidInputError(f"GRISTMILL_MODE=kubernetes needs {', '.join(missing)}")
        return settings

    @property
    def hub_api_url(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}/hub/api"

    @property
    def gateway_url(self) -> str:
        """Where the hub's proxy leads to the control plane, for people elsewhere."""
        return f"{self.public_url.rstrip('/')}/services/{SERVICE}"

    @property
    def control_plane_url(self) -> str:
        return self.control_plane or f"http://127.0.0.1:{self.control_plane_port}"


def _read(name: str, setting: str, text: str) -> object:
    if setting.endswith("port"):
        if not text.isdecimal() or not 0 < int(text) < 65_536:
            raise InvalidInputError(f"{name}={text[:40]!r} is no port: expected a number from 1 to 65535")
        return int(text)
    if setting == "mode":
        if text not in set(Mode):
            raise InvalidInputError(f"{name}={text[:40]!r} is no mode: expected {' or '.join(Mode)}")
        return Mode(text)
    if setting == "start_timeout":
        if not text.isdecimal():
            raise InvalidInputError(f"{name}={text[:40]!r} is no time: expected seconds")
        return int(text)
    if setting in {"home", "profiles"}:
        return Path(text).expanduser().absolute()
    if setting == "admins":
        return tuple(filter(None, (one.strip() for one in text.split(","))))
    return _checked(name, setting, text)


def _checked(name: str, setting: str, text: str) -> str:
    if setting == "public_url" and not text.startswith(("http://", "https://")):
        raise InvalidInputError(f"{name}={text[:80]!r} is no URL: expected for example https://hub.example.org")
    if setting == "role" and text not in {NOBODY, *Role}:
        raise InvalidInputError(f"{name}={text[:40]!r} is no role: expected one of {', '.join((NOBODY, *Role))}")
    return text
