"""What a person does by hand in a notebook is tracked: its kernel has a session at the control plane from its start to
its end, with MLflow's address, a token of its own and the experiment `project/notebook` in its environment.

No kernel waits for a control plane that is not there, and for one that lives it waits a moment only.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gristmill.core.errors import ConflictError, GristmillError, InvalidInputError
from gristmill.core.settings import Settings

NOTEBOOK = "JPY_SESSION_NAME"  # by this a Jupyter server tells a kernel its notebook
_TRACKED_ELSEWHERE = ("GRISTMILL_ATTEMPT", "MLFLOW_TRACKING_URI")
_PATIENCE = 3.0  # seconds for a living control plane; of a new notebook MLflow makes the experiment first
_KEPT_EVERY = 300.0  # seconds
log = logging.getLogger(__name__)


class TrackedKernel:
    """The session of one kernel. `environment` is what the kernel needs."""

    def __init__(self, settings: Settings, session: str, environment: Mapping[str, str], relay: Any) -> None:
        self.environment = environment
        self._settings, self._session, self._relay = settings, session, relay
        self._ended = threading.Event()

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    def keep(self, lives: Callable[[], bool], every: float = _KEPT_EVERY) -> None:
        """Says that the kernel lives as long as it does, from a thread of its own; then ends the session."""
        arguments = (lives, every)
        threading.Thread(target=self._keep, args=arguments, name="kept session", daemon=True).start()

    def end(self) -> None:
        """Its token dies at once. A control plane that is away ends the session by itself, later."""
        from gristmill.client import api

        if self._ended.is_set():
            return
        self._ended.set()
        try:
            _send(self._settings, api.end_interactive(self._session))
        except GristmillError as error:
            log.debug("the session is left to end by itself: %s", error.message)
        if self._relay is not None:
            self._relay.close()

    def _keep(self, lives: Callable[[], bool], every: float) -> None:
        from gristmill.client import api

        while not self._ended.wait(every):
            if not lives():
                self.end()
                return
            try:
                _send(self._settings, api.keep_interactive(self._session))
            except ConflictError:
                self._ended.set()  # a restart of the kernel begins another one
            except GristmillError as error:
                log.debug("not said that the kernel lives: %s", error.message)


def track(environ: Mapping[str, str], cwd: Path, settings: Settings) -> TrackedKernel | None:
    """The session of a kernel that is about to start with this environment.

    None for what is not a notebook that a person works with, for one that is tracked elsewhere, at once where no
    control plane lives, and where one does not answer in time; a session that comes too late is ended.
    """
    notebook = Path(cwd, environ.get(NOTEBOOK) or ".")
    if any(environ.get(name) for name in _TRACKED_ELSEWHERE) or notebook.suffix != ".ipynb" or not notebook.is_file():
        return None
    if settings.url is None and "JUPYTERHUB_API_TOKEN" not in environ and not _lives(settings.port_file):
        return None
    beginning = _Beginning(settings, notebook)
    return beginning.result()


class _Beginning:
    """Asks in a thread, which may be left alone with its question."""

    def __init__(self, settings: Settings, notebook: Path) -> None:
        import gristmill.client.api
        import gristmill.client.pack.implied
        import gristmill.client.transports  # noqa: F401  # what takes long here is not the control plane's time

        self._settings, self._notebook = settings, notebook
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._abandoned = False
        self._kernel: TrackedKernel | None = None
        threading.Thread(target=self._ask, name="tracked kernel", daemon=True).start()

    def result(self) -> TrackedKernel | None:
        in_time = self._done.wait(_PATIENCE)
        with self._lock:
            self._abandoned = not in_time
            if not in_time:
                log.warning(
                    "what this kernel logs to MLflow is not tracked: the control plane did not answer within %g s. A "
                    "restart of the kernel tries again.",
                    _PATIENCE,
                )
            return self._kernel

    def _ask(self) -> None:
        try:
            kernel = self._begin()
        except (GristmillError, OSError) as error:
            log.debug("the kernel is not tracked: %s", error)
            kernel = None
        with self._lock:
            late = self._abandoned
            if not late:
                self._kernel = kernel
        self._done.set()
        if late and kernel is not None:
            kernel.end()

    def _begin(self) -> TrackedKernel | None:
        from gristmill.client import api
        from gristmill.client.pack.implied import project_root
        from gristmill.client.transports import SyncTransport
        from gristmill.interactive.model import InteractiveRequest

        credentials = _credentials(self._settings)
        if credentials is None:
            return None
        place = self._notebook.resolve()
        name = place.relative_to(project_root(place).path).as_posix()
        transport = SyncTransport(credentials)
        try:
            try:
                started = transport.send(api.start_interactive(InteractiveRequest(notebook=name, source=str(place))))
            except InvalidInputError:  # an older control plane, or a place that has no text
                started = transport.send(api.start_interactive(InteractiveRequest(notebook=name)))
        finally:
            transport.close()
        relay, uri = None, started.tracking_uri
        if credentials.local and uri.startswith(f"{credentials.url}/"):
            relay = _relay(self._settings, credentials.url, started.token)
            uri = relay.url + uri.removeprefix(credentials.url)
        environment = {
            **started.environment(),
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # those addresses ask for a token: no browser has it
        }
        return TrackedKernel(self._settings, started.session.id, environment, relay)


def _lives(port_file: Path) -> bool:
    """Whether there is a process where this machine's control plane is said to be; it is made sure of later."""
    try:
        os.kill(int(json.loads(port_file.read_bytes())["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def directly(environ: Mapping[str, str], uri: str) -> dict[str, str]:
    """Variables by which no proxy stands between a kernel and `uri`."""
    hosts = ",".join(part for part in (environ.get("NO_PROXY"), urlsplit(uri).hostname) if part)
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _relay(settings: Settings, url: str, token: str) -> Any:
    """The kernel's address of MLflow stays when the control plane moves."""
    from gristmill.client.address import Address
    from gristmill.client.relay import Relay

    return Relay(Address(url, settings.home / "address"), token)


def _credentials(settings: Settings) -> Any:
    from gristmill.client.credentials import from_environment, from_port_file

    return from_environment(settings) or from_port_file(settings.port_file)


def _send(settings: Settings, request: Any) -> None:
    from gristmill.client.transports import SyncTransport

    if (credentials := _credentials(settings)) is None:
        return
    transport = SyncTransport(credentials)
    try:
        transport.send(request)
    finally:
        transport.close()
