"""A uvicorn server that ends without dropping a request."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from gristmill.serving.app import EndpointApp

_POLL_S = 0.02


class DrainingServer(uvicorn.Server):
    """Ends by `leave(grace)`: it accepts no more connections, and for `grace` seconds those that are open may still
    bring a request each, whose answer closes them. What is in flight then is finished.

    A server that closed its idle connections at once would meet requests that are already on their way.
    """

    def __init__(self, app: EndpointApp, *, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=60,
            )
        )
        self._app = app
        self._on_started = on_started
        self._end = 0.0

    def leave(self, grace: float) -> None:
        """A second call may shorten what the first one gave."""
        self._end = asyncio.get_running_loop().time() + grace
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the worker's business."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        self._app.drain()
        time = asyncio.get_running_loop().time
        while self.server_state.connections and time() < self._end:  # noqa: ASYNC110 - uvicorn's set tells nobody
            await asyncio.sleep(_POLL_S)
        await super().shutdown(sockets)


def on_signals(server: DrainingServer, graces: dict[signal.Signals, float]) -> None:
    """`server` leaves with these graces at these signals. Inside the running loop."""
    loop: Any = asyncio.get_running_loop()
    for number, grace in graces.items():
        loop.add_signal_handler(number, server.leave, grace)
