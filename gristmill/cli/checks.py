"""What `gristmill doctor` looks at, one after the other. Nothing is started or changed for it."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill import __version__
from gristmill.cli.catalogue_file import RESTART, fault_in, is_unread
from gristmill.cli.quantities import duration, size
from gristmill.core.errors import Fault, GristmillError
from gristmill.core.settings import Settings

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.core.wire import ServerStatus
    from gristmill.endpoints.model import Endpoint

OLDEST_PYTHON = (3, 11)
DISK_LOW, DISK_OUT = 2 * 10**9, 250 * 10**6
RESIDENT = 150 * 10**6  # what a control plane is meant to stay below
SKEW = timedelta(seconds=30)
TRACKING_DOCS = 'docs/tracking.md, "An MLflow server that is there already", says what it must do.'
MAX_SOCKET_PATH = 100
ASK = "Who looks after the control plane can mend that."

# The part, what is imported to see that it is there, and what is not possible without it.
EXTRAS = (
    ("server", ("fastapi", "sqlalchemy", "mlflow"), "no control plane can be started here"),
    ("worker", ("papermill", "nbclient", "ipykernel"), "no run can be executed here"),
    ("serving", ("pandas", "sklearn", "skops", "orjson"), "no endpoint can be served here"),
)


class Verdict(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Check:
    name: str
    verdict: Verdict
    says: str
    what_to_do: str | None = None


def checks(settings: Settings) -> Iterator[Check]:
    """All of them, each as it is done; what one finds broken keeps none of the others from being looked at.

    Of a control plane elsewhere, a hub's for example, is said what its people can act upon.
    """
    local = _is_local(settings)
    yield _python()
    yield from _extras(local=local)
    yield _home(settings.home)
    yield _disk(settings.home, local=local)
    yield _clock(settings.home)
    yield from _kernels()
    yield from _zygotes(settings.home)
    yield _git(local=local)
    if local:
        yield from _catalogue(settings)
    yield from _control_plane(settings, local=local)


def _is_local(settings: Settings) -> bool:
    """Whether the control plane is this machine's own, and no other one that the environment names."""
    from gristmill.client.credentials import from_environment

    try:
        return from_environment(settings) is None
    except GristmillError:  # one is named, without a token: that is told when it is asked
        return False


def _good(name: str, says: str) -> Check:
    return Check(name=name, verdict=Verdict.GOOD, says=says)


def _warning(name: str, says: str, what_to_do: str) -> Check:
    return Check(name=name, verdict=Verdict.WARNING, says=says, what_to_do=what_to_do)


def _broken(name: str, says: str, what_to_do: str) -> Check:
    return Check(name=name, verdict=Verdict.BROKEN, says=says, what_to_do=what_to_do)


def _python() -> Check:
    says = f"{platform.python_version()} at {sys.executable}, gristmill {__version__}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return _broken("python", says, "Use Python 3.11 or newer.")
    return _good("python", says)


def _extras(*, local: bool) -> Iterator[Check]:
    """Where the control plane is elsewhere, the base is enough."""
    for extra, modules, lack in EXTRAS:
        lacking = [name for name in modules if importlib.util.find_spec(name) is None]
        if not lacking:
            yield _good(extra, "installed")
        elif local:
            yield _broken(extra, f"{', '.join(lacking)} not installed: {lack}", f"pip install 'gristmill[{extra}]'")
        else:
            yield _good(extra, "not installed; the control plane is elsewhere")


def _home(home: Path) -> Check:
    existing = next(place for place in (home, *home.parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return _broken("home", f"{home} cannot be written: {error.strerror}", "Set GRISTMILL_HOME to a place that can.")
    if home.is_dir() and home.stat().st_mode & 0o077:
        return _warning("home", f"{home} can be read by others", f"chmod 700 {home}")
    return _good("home", f"{home}{'' if home.is_dir() else ', made by the first command that needs it'}")


def _disk(home: Path, *, local: bool) -> Check:
    free = shutil.disk_usage(next(place for place in (home, *home.parents) if place.exists())).free
    says = f"{size(free)} free"
    if free < DISK_OUT:
        kept = "runs and models are kept in the home" if local else "environments and your own files are kept here"
        return _broken("disk", says, f"Make room: {kept}.")
    return _warning("disk", says, "Make room soon.") if free < DISK_LOW else _good("disk", says)


def _clock(home: Path) -> Check:
    """A home on another machine's disk keeps that machine's time."""
    with tempfile.NamedTemporaryFile(dir=next(place for place in (home, *home.parents) if _writable(place))) as file:
        apart = abs(os.fstat(file.fileno()).st_mtime - time.time())
    now = datetime.now(UTC)
    if now.year < 2025 or apart > SKEW.total_seconds():
        return _broken("clock", f"{now:%Y-%m-%d %H:%M} UTC, {duration(apart)} off the disk's", "Set the clock (NTP).")
    return _good("clock", f"{now.astimezone():%Y-%m-%d %H:%M:%S %z}")


def _writable(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK)


def _kernels() -> Iterator[Check]:
    """Kernelspecs that Jupyter finds from here, each with an interpreter that is there."""
    if importlib.util.find_spec("jupyter_client") is None:
        return
    listing = (sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json")
    try:
        answer = subprocess.run(listing, capture_output=True, text=True, timeout=60, check=True).stdout
        specs = json.loads(answer)["kernelspecs"]
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        yield _broken("kernels", f"Jupyter does not list them: {error}", "pip install --force-reinstall jupyter_client")
        return
    if not specs:
        yield _broken("kernels", "none is found", "python -m ipykernel install --user")
    for name, found in specs.items():
        argv = found["spec"].get("argv") or [""]
        if shutil.which(argv[0]) is None:
            folder = found.get("resource_dir", "")
            yield _warning(f"kernel {name}", f"starts {argv[0]!r}, which is not there", f"Remove or repair {folder}")
        else:
            yield _good(f"kernel {name}", f"{found['spec'].get('display_name', '')}, {argv[0]}")


def _zygotes(home: Path) -> Iterator[Check]:
    """What kernels and workers are forked from: what each costs."""
    if not (home / "kernels").is_dir() or importlib.util.find_spec("gristmill_kernels") is None:
        return
    asking = (sys.executable, "-m", "gristmill_kernels.status", str(home))
    try:
        found = json.loads(subprocess.run(asking, capture_output=True, text=True, timeout=60, check=True).stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        yield _broken("zygotes", f"they cannot be asked: {error}", "GRISTMILL_WARM_KERNELS=0 does without them.")
        return
    for one in found:
        below = sum(memory for _, memory in one["children"])
        living = f"{len(one['children'])} living of {one['forked']} forked"
        says = f"{one['python']}: {size(one['pss'])}, {len(one['imported'])} modules imported, {living}"
        yield _good(f"zygote {one['pid']}", f"{says} ({size(below)})" if below else says)


def _git(*, local: bool) -> Check:
    if shutil.which("git"):
        return _good("git", "found: runs record the commit and what was changed")
    hint = (
        "Install git."
        if local
        else "Install git. In a hub's server it comes with the image, which administrators name."
    )
    return _warning("git", "not found: runs record no commit", hint)


def _catalogue(settings: Settings) -> Iterator[Check]:
    """Each fault of the file of profiles that keeps a control plane from starting."""
    error = fault_in(settings)
    if error is None:
        there = settings.catalogue.exists()
        yield _good("profiles", str(settings.catalogue) if there else "the machine's own; no file says others")
        return
    what_to_do = f"Repair {settings.catalogue}: no control plane starts with it."
    for fault in error.faults or (Fault(where="", message=error.message, hint=error.hint),):
        yield _broken("profiles", fault.message, f"{fault.hint} {what_to_do}" if fault.hint else what_to_do)


def _control_plane(settings: Settings, *, local: bool) -> Iterator[Check]:
    from gristmill.cli.session import connected_if_alive
    from gristmill.client import api

    name = "control plane"
    try:
        with connected_if_alive(settings) as client:
            if client is None:
                yield from _no_control_plane(settings)
                return
            status = client.send(api.status())
            yield _alive(status) if local else _alive_elsewhere(status)
            if local and is_unread(settings, status):
                yield _warning("profiles", f"{settings.catalogue} was changed since the control plane began", RESTART)
            yield _tracking(status) if local else _tracking_elsewhere(status)
            yield from _endpoints(client)
    except GristmillError as error:
        yield _broken(name, error.message, error.hint or (f"Read {settings.home / 'server.log'}." if local else ASK))


def _no_control_plane(settings: Settings) -> Iterator[Check]:
    from gristmill.cli.stopping import left_behind

    alive = left_behind(settings)
    if alive:
        says = f"none runs, and {len(alive)} of its processes do (runs, endpoints, MLflow): they go on and are adopted"
        yield _warning("control plane", says, "gristmill server start")
    else:
        yield _good("control plane", "none runs; any command that needs one starts it")


def _alive(status: "ServerStatus") -> Check:
    says = f"{status.version} at {status.url}, process {status.pid}, {size(status.resident)}"
    name = "control plane"
    if status.started_at > datetime.now(UTC) + SKEW:
        return _broken(name, f"{says}, started in the future", "Set the clock (NTP), there or here.")
    if status.version != __version__:
        return _warning(name, f"{says}; this command is {__version__}", "gristmill server stop, then any command.")
    if not status.leading:
        return _warning(name, f"{says}; another one leads", "Stop one of them: gristmill server stop")
    if status.resident > RESIDENT:
        return _warning(name, f"{says}, more than {size(RESIDENT)}", "gristmill server stop; runs and endpoints go on.")
    return _good(name, says)


def _alive_elsewhere(status: "ServerStatus") -> Check:
    """Which of several leads, and what it takes, is not its people's to look after."""
    says, name = f"{status.version} at {status.url}", "control plane"
    if status.started_at > datetime.now(UTC) + SKEW:
        return _broken(
            name, f"{says}, started in the future", "Set the clock (NTP) here, or ask for it to be set there."
        )
    if status.version != __version__:
        return _warning(
            name,
            f"{says}; this command is {__version__}",
            "Use the control plane's version here, or ask for this one there.",
        )
    return _good(name, says)


def _tracking(status: "ServerStatus") -> Check:
    if status.tracking == "ready":
        version = f", version {status.tracking_version}" if status.tracking_version else ""
        says = f"ready at {status.tracking_server}{version}" if status.tracking_server else "ready"
        return (
            _warning("MLflow", f"{says}; {status.tracking_notice}", TRACKING_DOCS)
            if status.tracking_notice
            else _good("MLflow", says)
        )
    says = f"{status.tracking}: {status.tracking_reason or 'no reason is known'}"
    if status.tracking == "starting":
        return _warning("MLflow", says, "It takes some seconds; runs wait for it.")
    if status.tracking_server:
        return _broken("MLflow", says, TRACKING_DOCS)
    return _broken("MLflow", says, f"Read {Path(status.home) / 'mlflow' / 'mlflow.log'}.")


def _tracking_elsewhere(status: "ServerStatus") -> Check:
    found = _tracking(status)
    return found if found.what_to_do is None or status.tracking == "starting" else replace(found, what_to_do=ASK)


def _endpoints(client: "Client") -> Iterator[Check]:
    from gristmill.client import api

    for endpoint in client.send(api.list_endpoints()):
        yield _endpoint(endpoint)


def _endpoint(endpoint: "Endpoint") -> Check:
    from gristmill.endpoints.model import EndpointState

    name, seen = f"endpoint {endpoint.name}", endpoint.observed
    if endpoint.waiting:
        return _warning(name, endpoint.waiting, "End something, or deploy it on a smaller profile.")
    if endpoint.state is EndpointState.READY:
        return _good(name, f"ready at {endpoint.url}")
    says = f"{endpoint.state}{f': {seen.message}' if seen and seen.message else ''}"
    if endpoint.state is EndpointState.STARTING:
        return _warning(name, says, "Look again in some seconds.")
    return _broken(name, says, (seen.hint if seen else None) or f"gristmill endpoints show {endpoint.name}")
