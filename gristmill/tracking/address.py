"""Where MLflow answers: the one place that a server elsewhere would change."""

import hashlib
import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpcore
import httpx

from gristmill.core.errors import ForbiddenError, UnavailableError
from gristmill.core.tls import trust_for

# A Unix socket's path has room for 108 bytes on Linux and 104 on macOS, its end included.
_LONGEST = 100
HINT = "`gristmill server status` says how it stands."
# MLflow keeps a connection for 75 s without a request; ours ends first, so that none is found closed.
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30)


@dataclass(frozen=True, kw_only=True)
class MlflowAddress:
    """Requests go to `base_url`; through `socket`, where one is given, instead of its host and port.

    `reason` says why nobody may answer there, as far as that is known; `refused` why nobody is to be asked there.
    `name` is None for a server of our own. `authorization` is the control plane's own, and goes with every request.

    Its clients raise UnavailableError where they are refused, and where the server does not take the authorization:
    whoever asked through the control plane has given another one.
    """

    base_url: str
    socket: Path | None = None
    name: str | None = None
    authorization: str | None = field(default=None, repr=False)
    authorities: ssl.SSLContext | None = None  # that its certificate is checked against, where it has one
    reason: Callable[[], str | None] = lambda: None
    refused: Callable[[], str | None] = lambda: None

    def client(self, timeout: httpx.Timeout) -> httpx.Client:
        client = self.probe(timeout)
        client.event_hooks = {"request": [self._check], "response": [self._check_answer]}
        return client

    def probe(self, timeout: httpx.Timeout) -> httpx.Client:
        """As `client`, for who finds out how the server stands."""
        transport = _UnixTransport(self.socket, verify=self._trust) if self.socket else None
        return httpx.Client(transport=transport, timeout=timeout, **self._common)

    def async_client(self, timeout: httpx.Timeout) -> httpx.AsyncClient:
        async def check(request: httpx.Request) -> None:
            self._check(request)

        async def check_answer(answer: httpx.Response) -> None:
            self._check_answer(answer)

        transport = None
        if self.socket:
            transport = httpx.AsyncHTTPTransport(uds=str(self.socket), limits=_LIMITS, verify=self._trust)
        hooks: dict[str, list[Callable[..., Any]]] = {"request": [check], "response": [check_answer]}
        return httpx.AsyncClient(
            transport=transport, timeout=timeout, event_hooks=hooks, limits=_LIMITS, **self._common
        )

    @property
    def _common(self) -> dict[str, Any]:
        headers = {"authorization": self.authorization} if self.authorization else {}
        return {"base_url": self.base_url, "headers": headers, "verify": self._trust, "trust_env": False}

    @property
    def _trust(self) -> ssl.SSLContext | bool:
        return self.authorities or trust_for(self.base_url)

    def _check(self, _request: httpx.Request) -> None:
        if (why := self.refused()) is not None:
            raise UnavailableError(why, hint=HINT)

    def _check_answer(self, answer: httpx.Response) -> None:
        if answer.status_code == 401:
            raise UnavailableError(f"MLflow at {self.base_url} refuses the control plane's credentials", hint=HINT)


class _UnixTransport(httpx.HTTPTransport):
    """As its base, but closes a socket that could not be connected: while MLflow is away there are many."""

    def __init__(self, path: Path, *, verify: ssl.SSLContext | bool) -> None:
        super().__init__(uds=str(path), verify=verify)
        self._pool = httpcore.ConnectionPool(
            max_connections=_LIMITS.max_connections,
            max_keepalive_connections=_LIMITS.max_keepalive_connections,
            keepalive_expiry=_LIMITS.keepalive_expiry,
            uds=str(path),
            network_backend=_UnixBackend(),
        )


class _UnixBackend(httpcore.SyncBackend):
    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(timeout)
            try:
                probe.connect(path)
            except TimeoutError as error:
                raise httpcore.ConnectTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error
        return super().connect_unix_socket(path, timeout, socket_options)


def local_address(folder: Path) -> MlflowAddress:
    """The address of the MLflow server that lives in `folder`.

    Raises:
        ForbiddenError: others could put a socket of theirs in its place.
    """
    path = socket_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    facts = path.parent.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise ForbiddenError(
            f"{path.parent} must belong to this user alone: got owner {facts.st_uid}, mode {facts.st_mode & 0o777:o}",
            hint=f"chmod 700 {path.parent}",
        )
    # MLflow answers only to host names that it knows; it knows this one.
    return MlflowAddress(base_url="http://localhost", socket=path)


def socket_path(folder: Path) -> Path:
    """`<folder>/mlflow.sock`; in a private folder for temporary files where that is too long for a socket."""
    path = folder / "mlflow.sock"
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gristmill-{os.getuid()}" / f"{short}.sock"
