"""A stable address that leads to the control plane wherever it is, for programs that cannot follow it themselves.

An unmodified MLflow client keeps the URL that it was started with, and shows its token to whoever listens there. The
relay's port is held by this process as long as the client may live, so nobody else can have it; and the relay passes
nothing on to another end that has not proven itself. It copies bytes and reads nothing of what goes through it.
"""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from gristmill.client.address import Address

_PATIENCE = 10.0  # seconds; a control plane that is just coming up accepts before it answers
_CHUNK = 64 * 1024


class Relay:
    """Listens on a free loopback port from now until `close`. `token` is the one that clients will show.

    Where no control plane proves itself, a connection is closed at once: as if it were away.
    """

    def __init__(self, address: Address, token: str) -> None:
        self._address, self._token = address, token
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends what goes through it, too."""
        with self._lock:
            self._closed = True
            for one in (self._listener, *self._open):
                _end(one)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                if self._closed:
                    return
                continue  # who asked has gone before it was its turn
            threading.Thread(target=self._serve, args=(client,), name="relay connection", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), self._connected() as upstream:
            with self._lock:
                if self._closed:
                    return
                self._open |= {client, upstream}
            for end in (client, upstream):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_copy, args=(upstream, client), name="relay answers", daemon=True)
            back.start()
            _copy(client, upstream)
            back.join()
            with self._lock:
                self._open -= {client, upstream}

    def _connected(self) -> socket.socket:
        """A connection to the control plane, which has proven itself on it; it may have moved since the last one."""
        try:
            return self._proven()
        except OSError:
            if not self._address.renew():
                raise
            return self._proven()

    def _proven(self) -> socket.socket:
        import httpx  # a worker imports it in its own way, before it comes here

        from gristmill.client.proof import prove

        url = self._address.url
        parts = urlsplit(url)
        upstream = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_PATIENCE)
        try:
            prove(upstream, url, self._token)
        except httpx.ConnectError as error:
            upstream.close()
            raise ConnectionError(str(error)) from error
        except BaseException:
            upstream.close()
            raise
        upstream.settimeout(None)
        return upstream


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Until one of them ends; then both have."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    _end(source)
    _end(target)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
