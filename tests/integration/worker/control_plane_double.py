"""A control plane of one attempt, over real HTTP, in a thread: claim, events, blobs, and the MLflow that it stands for.

It keeps to the protocol as the real one does: bearer tokens, one claim, events without gaps and each once, blobs only
under their own digest. MLflow answers what a worker asks of it, as MLflow 3 does; or a real one behind it answers.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec

from gristmill.core.small_blobs import Digests, SmallBlob, SmallBlobs
from gristmill.runs.model import (
    AttemptOrder,
    ClaimRequest,
    WorkerEvent,
    WorkerEventKind,
    WorkerEvents,
    WorkerEventsAnswer,
)
from tests.http_server import MortalServer
from tests.proving import instance_proof

TOKEN, KERNEL_TOKEN = "worker-token", "kernel-token"


@dataclass
class TrackingRun:
    """What MLflow was told of the attempt's run."""

    metrics: list[dict[str, Any]] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    status: str = "RUNNING"
    models: list[dict[str, str]] = field(default_factory=list)


class ControlPlaneDouble:
    def __init__(self) -> None:
        self.order: AttemptOrder | None = None
        self.blobs: dict[str, bytes] = {}
        self.read_together: list[list[str]] = []  # digests that were asked for in one request
        self.events: list[WorkerEvent] = []
        self.sent = 0  # events received, repeated ones counted again
        self.claimed_by: str | None = None
        self.claims = 0
        self.cancel = False
        self.failing: dict[str, int] = {}  # path → the status that it answers with
        self.run = TrackingRun()
        self.mlflow: str | None = None  # the URL of a real one
        self.tokens: set[str] = set()  # that MLflow was asked with
        self.lock = threading.Lock()
        self._port = 0
        self._server: MortalServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

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

    def put(self, content: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return digest

    def of(self, kind: WorkerEventKind) -> list[dict[str, Any]]:
        """The data of every event of that kind, in order."""
        with self.lock:
            return [event.data for event in self.events if event.kind is kind]

    @property
    def finished(self) -> dict[str, Any] | None:
        found = self.of(WorkerEventKind.ATTEMPT_FINISHED)
        return found[0] if found else None

    def log(self, stream: str | None = None) -> str:
        """All that was streamed."""
        chunks = [data for data in self.of(WorkerEventKind.LOG) if stream in {None, data["stream"]}]
        return b"".join(self.blobs[data["digest"]] for data in chunks).decode()

    @property
    def executed(self) -> dict[str, Any]:
        """The executed notebook."""
        finished = self.finished
        assert finished is not None
        notebook: dict[str, Any] = json.loads(self.blobs[finished["executed_notebook"]])
        return notebook

    # What the routes do ---------------------------------------------------------------------------------------------

    def take_claim(self, body: bytes) -> tuple[int, Any]:
        request = msgspec.json.decode(body, type=ClaimRequest)
        self.claims += 1
        if self.claimed_by not in {None, request.nonce}:
            return 409, problem(409, "conflict", "another worker has this attempt")
        self.claimed_by = request.nonce
        return 200, self.order

    def take_events(self, body: bytes) -> tuple[int, Any]:
        sent = msgspec.json.decode(body, type=WorkerEvents)
        for blob in sent.blobs:
            self.take_blob(blob.digest, blob.content)
        for event in sent.events:
            self.sent += 1
            last = len(self.events)
            if event.n > last + 1:
                return 409, problem(409, "conflict", f"event {event.n} came after {last}")
            if event.n == last + 1:
                self.events.append(event)
        return 200, WorkerEventsAnswer(last=len(self.events), cancel=self.cancel)

    def take_missing(self, body: bytes) -> tuple[int, Any]:
        return 200, {"digests": [one for one in json.loads(body)["digests"] if one not in self.blobs]}

    def read_small_blobs(self, body: bytes) -> tuple[int, Any]:
        self.read_together.append(list(msgspec.json.decode(body, type=Digests).digests))
        return 200, SmallBlobs(blobs=tuple(SmallBlob.of(one, self.blobs[one]) for one in self.read_together[-1]))

    def take_blob(self, digest: str, body: bytes) -> tuple[int, Any]:
        if "sha256:" + hashlib.sha256(body).hexdigest() != digest:
            return 400, problem(400, "invalid_input", "the content has another digest")
        self.blobs[digest] = body
        return 201, {}

    def track(self, call: str, body: dict[str, Any]) -> tuple[int, Any]:
        if call == "runs/log-batch":
            self.run.metrics += body.get("metrics", [])
            for one in body.get("params", []):
                if self.run.params.setdefault(one["key"], one["value"]) != one["value"]:
                    return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "Changing param values"}
            return 200, {}
        if call == "runs/update":
            self.run.status = body["status"]
            return 200, {}
        if call == "runs/get":
            params = [{"key": key, "value": value} for key, value in self.run.params.items()]
            return 200, {"run": {"info": {}, "data": {"params": params}}}
        if call == "logged-models/search":
            return 200, {"models": [{"info": model} for model in self.run.models]}
        return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": call}


def problem(status: int, code: str, detail: str) -> dict[str, Any]:
    return {"type": f"urn:gristmill:error:{code}", "title": code, "status": status, "detail": detail, "code": code}


class _Handler(BaseHTTPRequestHandler):
    control_plane: ControlPlaneDouble
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Says nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (mlflow := self.control_plane.mlflow) and self.path.startswith("/mlflow/"):
            status, answer = self._passed_on(mlflow, body)
        else:
            with self.control_plane.lock:
                status, answer = self._answer(body)
        content = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_PATCH(self) -> None:
        self._serve()

    def _passed_on(self, mlflow: str, body: bytes) -> tuple[int, Any]:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.control_plane.tokens.add(token)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "authorization"}}
        url = mlflow + self.path.removeprefix("/mlflow")
        answer = httpx.request(self.command, url, headers=kept, content=body, timeout=60, trust_env=False)
        return answer.status_code, answer.content

    def _answer(self, body: bytes) -> tuple[int, Any]:
        double, url = self.control_plane, urlsplit(self.path)
        if url.path == "/api/instance":
            asked = parse_qs(url.query)
            proofs = [instance_proof(asked, url=double.url, token=token) for token in (TOKEN, KERNEL_TOKEN)]
            return 200, next((proof for proof in proofs if proof.token_proof), proofs[0])
        for path, status in double.failing.items():
            if path in url.path:
                return status, problem(status, "internal", "made to fail")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, problem(401, "unauthenticated", "no valid token")
        assert double.order is not None
        attempt = f"/api/attempts/{double.order.attempt}"
        posted: dict[str, Callable[[bytes], tuple[int, Any]]] = {
            f"{attempt}/claim": double.take_claim,
            f"{attempt}/events": double.take_events,
            "/api/blobs/missing": double.take_missing,
            "/api/blobs/read": double.read_small_blobs,
        }
        if self.command == "POST" and url.path in posted:
            return posted[url.path](body)
        if url.path.startswith("/api/blobs/"):
            digest = url.path.removeprefix("/api/blobs/")
            if self.command == "PUT":
                return double.take_blob(digest, body)
            return (200, double.blobs[digest]) if digest in double.blobs else (404, problem(404, "not_found", digest))
        if url.path.startswith("/mlflow/api/2.0/mlflow/"):
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return double.track(url.path.removeprefix("/mlflow/api/2.0/mlflow/"), json.loads(body) if body else query)
        return 404, problem(404, "not_found", url.path)
