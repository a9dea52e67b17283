"""One request to the control plane as a value: what to send, and what type comes back. Transports send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """`path` is filled in; `answer` is the type that the body is read as: `bytes` takes it as it is, None drops it."""

    method: str
    template: str
    answer: type[T]
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    content: bytes | None = None


def call(
    method: str,
    template: str,
    answer: type[T],
    parts: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    content: bytes | None = None,
) -> Call[T]:
    """Fills the template's `{parts}`, each escaped; `{name:path}` keeps its slashes."""
    path = template
    for name, value in (parts or {}).items():
        path = path.replace(f"{{{name}:path}}", quote(value, safe="/")).replace(f"{{{name}}}", quote(value, safe=""))
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return Call(method=method, template=template, answer=answer, path=path, query=given, body=body, content=content)
