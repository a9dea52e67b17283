"""An endpoint's application in this process, asked without a socket."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gristmill.endpoints.model import ENDPOINT_PROTOCOL, DesiredState, Variant
from gristmill.serving.app import EndpointApp
from gristmill.serving.artifact import read_model
from gristmill.serving.http import Message
from gristmill.serving.served import ServedModel, load_variant

JSON = "application/json"


def variant(**changes: Any) -> Variant:
    fields: dict[str, Any] = {
        "name": "main",
        "model": "churn",
        "version": "3",
        "artifact_path": "x",
        "profile": "small",
    }
    return Variant(**{**fields, **changes})


def desired(**changes: Any) -> DesiredState:
    fields: dict[str, Any] = {
        "protocol": ENDPOINT_PROTOCOL,
        "endpoint": "endpoint_1",
        "name": "churn",
        "generation": 1,
        "host": "127.0.0.1",
        "port": 0,
        "variants": (variant(),),
        "open": True,
    }
    return DesiredState(**{**fields, **changes})


def served(folder: Path, **changes: Any) -> ServedModel:
    return load_variant(variant(**changes), read_model(folder), 1.0)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    app: EndpointApp,
    method: str,
    path: str,
    body: bytes | Any = b"",
    *,
    headers: dict[str, str] | None = None,
    content_type: str | None = JSON,
    chunks: int = 1,
) -> Answer:
    """What the application answers. A body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"host": "127.0.0.1:8000", "content-length": str(len(content)), **(headers or {})}
    if content_type is not None:
        sent["content-type"] = content_type
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
    }
    messages = _parts(content, chunks)
    answer: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, send)
    start, *parts = answer
    names = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], b"".join(part["body"] for part in parts), names)


def _parts(content: bytes, chunks: int) -> list[Message]:
    size = max(1, -(-len(content) // chunks))
    parts = [content[start : start + size] for start in range(0, len(content), size)] or [b""]
    return [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)} for index, part in enumerate(parts)
    ]
