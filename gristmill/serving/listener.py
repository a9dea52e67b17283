"""The socket that an endpoint is reached at. The supervisor owns it, workers share it one after the other.

While no worker accepts, connections wait in its queue.
"""

import errno
import socket

from gristmill.serving.errors import LoadError

_QUEUE = 2048

Address = tuple[str, int]


class Listeners:
    """The sockets by address: one, and for a moment two while an endpoint moves to another port."""

    def __init__(self) -> None:
        self._sockets: dict[Address, socket.socket] = {}

    def at(self, address: Address) -> socket.socket:
        """Raises LoadError: see `listen`."""
        if address not in self._sockets:
            self._sockets[address] = listen(*address)
        return self._sockets[address]

    def keep_only(self, *addresses: Address) -> None:
        for address in self._sockets.keys() - set(addresses):
            self._sockets.pop(address).close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on exactly this address.

    Raises:
        LoadError: another process has it, or this machine does not.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_QUEUE)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise LoadError(
                f"port {port} on {host} is taken by another process",
                hint=f"End it (`ss -ltnp 'sport = :{port}'` names it), or delete the endpoint and deploy again.",
            ) from error
        raise LoadError(f"cannot listen on {host}:{port}: {error}", hint="Deploy the endpoint again.") from error
    return listener
