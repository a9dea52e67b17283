"""A control plane of one endpoint, over real HTTP, in a thread: desired state, observed state, a registry's files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from gristmill.endpoints.model import DesiredState, Observed
from tests.http_server import MortalServer
from tests.proving import instance_proof

TOKEN = "supervisor-token"
_ARTIFACTS = "/mlflow/api/2.0/mlflow-artifacts/artifacts"


class EndpointControlPlane:
    """`artifacts` maps an artifact path to the folder whose files lie there."""

    def __init__(self, name: str = "churn") -> None:
        self.desired: DesiredState | None = None
        self.artifacts: dict[str, Path] = {}
        self.reports: list[Observed] = []
        self.reads = 0
        self._name = name
        self._port = 0
        self._server: MortalServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def observed(self) -> Observed | None:
        return self.reports[-1] if self.reports else None

    def start(self) -> None:
        double = self

        class Handler(_Handler):
            control_plane = double

        self._server = MortalServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.die()
            self._server = None

    def move(self) -> int:
        """It comes back at another port; the one that it had."""
        before = self._port
        self.stop()
        self._port = 0
        self.start()
        return before

    @contextmanager
    def away(self) -> Iterator[None]:
        """Within the block nothing listens on the port."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        if (method, path) == ("GET", f"/api/endpoints/{self._name}/desired"):
            return (404, {}) if self.desired is None else (200, self.desired)
        if (method, path) == ("PUT", f"/api/endpoints/{self._name}/observed"):
            self.reports.append(msgspec.json.decode(body, type=Observed))
            return 204, b""
        if (method, path) == ("GET", _ARTIFACTS):
            return 200, self._list(query["path"][0])
        if method == "GET" and path.startswith(f"{_ARTIFACTS}/"):
            self.reads += 1
            file = self._place(path.removeprefix(f"{_ARTIFACTS}/"))
            return (200, file.read_bytes()) if file and file.is_file() else (404, {})
        return 404, {}

    def _place(self, path: str) -> Path | None:
        root = next((prefix for prefix in self.artifacts if path == prefix or path.startswith(f"{prefix}/")), None)
        return None if root is None else self.artifacts[root] / path.removeprefix(root).strip("/")

    def _list(self, path: str) -> dict[str, Any]:
        folder = self._place(path)
        if folder is None or not folder.is_dir():
            return {}
        return {
            "files": [
                {"path": entry.name, "is_dir": True}
                if entry.is_dir()
                else {"path": entry.name, "is_dir": False, "file_size": entry.stat().st_size}
                for entry in folder.iterdir()
                if not entry.name.startswith(".")
            ]
        }


class _Handler(BaseHTTPRequestHandler):
    control_plane: EndpointControlPlane
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        answer: Any
        if url.path == "/api/instance":
            status, answer = 200, instance_proof(parse_qs(url.query), url=self.control_plane.url, token=TOKEN)
        elif self.headers.get("Authorization") == f"Bearer {TOKEN}":
            status, answer = self.control_plane.answer(self.command, unquote(url.path), parse_qs(url.query), body)
        else:
            status, answer = 401, {}
        content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
