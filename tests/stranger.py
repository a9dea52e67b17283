"""Another program on the control plane's port: it answers whatever it is asked, and keeps what it was told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.http_server import MortalServer
from tests.waiting import until

Answer = Callable[[str], bytes]


class Stranger:
    """`asked` is each request's line, `tokens` whatever credentials came with one."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.answer = answer


@contextmanager
def stranger(port: int = 0, answer: Answer = lambda _: b"{}") -> Iterator[tuple[Stranger, int]]:
    """Within the block it listens; with the port that it has."""
    one = Stranger(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            one.asked.append(f"{self.command} {self.path}")
            if credentials := self.headers.get("Authorization"):
                one.tokens.append(credentials)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = one.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815  # the base class's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            """Says nothing."""

    def listening() -> MortalServer | None:
        try:
            return MortalServer(("127.0.0.1", port), Handler)
        except OSError:  # the sockets of a killed process live a moment longer than it
            return None

    server = until(listening, 10, "the port is free")
    assert server is not None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield one, server.server_address[1]
    finally:
        server.die()
        thread.join()
