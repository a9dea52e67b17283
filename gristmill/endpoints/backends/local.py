"""Endpoints as processes of this machine, each in a session of its own."""

import shutil
import socket
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from gristmill.core import processes
from gristmill.core.errors import UnavailableError
from gristmill.core.ids import check_id
from gristmill.endpoints.backends.base import TAIL, EndpointBackend, Supervision
from gristmill.endpoints.model import LOOPBACK, Address, loopback_url

MARK = "GRISTMILL_ENDPOINT"
SUPERVISOR_LOG = "supervisor.log"
SUPERVISOR = (sys.executable, "-m", "gristmill.serving")


class LocalBackend(EndpointBackend):
    """A supervisor per endpoint, in `<home>/endpoints/<id>`; alive while it holds that folder's lock."""

    def __init__(self, endpoints: Path, command: Sequence[str] = SUPERVISOR) -> None:
        self._endpoints = endpoints
        self._command = command

    def address(self, project: str, name: str | None, taken: Collection[int]) -> Address:
        """A loopback port that nothing listens on now. The endpoint keeps it for good."""
        del project, name
        while True:
            with socket.socket() as probe:
                probe.bind((LOOPBACK, 0))
                port = int(probe.getsockname()[1])
            if port not in taken:
                return Address(port=port, url=loopback_url(port))

    def is_alive(self, endpoint: str) -> bool:
        processes.reap()
        return processes.holds_lock(self._folder(endpoint))

    def start(self, order: Supervision) -> None:
        folder = self._folder(order.id)
        environ = {**processes.inherited_environ(), MARK: order.id}
        address = self._endpoints.parent / processes.ADDRESS
        argv = [*self._command, "--url", order.url, "--address-file", str(address)]
        argv += ["--endpoint", order.name, "--dir", str(folder)]
        try:
            processes.spawn_locked(argv, folder, environ=environ, token=order.token, log=SUPERVISOR_LOG)
        except OSError as error:
            raise UnavailableError(f"the endpoint cannot be started: {error}") from error

    def stop(self, endpoint: str) -> None:
        for process in processes.marked(MARK, endpoint):
            if processes.was_given(process, "--dir", str(self._folder(endpoint))):
                processes.terminate(process)

    def clean_up(self, endpoint: str) -> bool:
        return processes.kill_marked(MARK, endpoint) == 0

    def forget(self, endpoint: str) -> None:
        shutil.rmtree(self._folder(endpoint), ignore_errors=True)

    def log_tail(self, endpoint: str, limit: int = TAIL) -> str:
        return processes.log_tail(self._folder(endpoint) / SUPERVISOR_LOG, limit)

    def _folder(self, endpoint: str) -> Path:
        return self._endpoints / check_id(endpoint)
