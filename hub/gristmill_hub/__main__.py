"""`python -m gristmill_hub`: a hub for a few people on this machine. It is what `gristmill hub` starts."""

import json
import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from gristmill.core.errors import GristmillError
from gristmill_hub import proxy
from gristmill_hub.settings import HubSettings


def main() -> NoReturn:
    """This process becomes the hub's, or ends where it cannot start."""
    as_json = "--json" in sys.argv[1:]
    try:
        settings = _ready(say=not as_json)
    except GristmillError as error:
        told = {"code": error.code, "detail": error.message, "hint": error.hint}
        plain = f"error: {error.message}{f' ({error.hint})' if error.hint else ''}"
        print(json.dumps(told) if as_json else plain, file=sys.stderr)  # noqa: T201  # a command
        sys.exit(error.exit_code)
    url = f"http://127.0.0.1:{settings.port}"
    if as_json:
        _say(json.dumps({"url": url, "password": settings.password, "control_plane": settings.control_plane_url}))
    else:
        _say(f"  hub            {url}  password {settings.password}")
        _say("  not isolated: the notebooks of all who log in run as one user of this machine, without limits")
    made = {"GRISTMILL_HUB_PASSWORD": settings.password, "GRISTMILL_HUB_SERVICE_TOKEN": settings.service_token}
    # Where `gristmill` is, which people's terminals and the commands that they copy ask for, however this was started.
    path = os.pathsep.join(filter(None, (str(Path(sys.executable).parent), os.environ.get("PATH"))))
    environ = {**os.environ, **made, "PATH": path}
    os.chdir(settings.home)
    command = [sys.executable, "-m", "jupyterhub", "--config", str(_config())]
    os.execve(sys.executable, command, environ)  # noqa: S606  # this process becomes it


def _ready(*, say: bool) -> HubSettings:
    """The settings, once the hub's home and its proxy are there."""
    settings = HubSettings.from_env()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not proxy.is_installed(settings.home):
        began = time.monotonic()
        proxy.install(settings.home)
        if say:
            _say(f"  proxy          fetched ({time.monotonic() - began:.1f} s)")
    return replace(
        settings,
        password=settings.password or _kept(settings.home / "password", 12),
        service_token=settings.service_token or _kept(settings.home / "service-token", 32),
    )


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a command


def _kept(file: Path, length: int) -> str:
    """The one of the first start: it is the same after a restart."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(length))
    return file.read_text().strip()


def _config() -> Path:
    """At the top of the tree in a clone, among the shared data of a wheel."""
    name = "jupyterhub_config.py"
    in_clone = Path(__file__).parents[2] / name
    return in_clone if in_clone.exists() else Path(sys.prefix, "share", "gristmill", name)


if __name__ == "__main__":
    main()
