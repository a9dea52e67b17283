"""One request to the control plane as a value: what to send, and what type comes back. Transports send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from gristmill.core.errors import InvalidInputError

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
    """Fills the template's `{parts}`, each escaped; `{name:path}` keeps its slashes.

    Raises:
        InvalidInputError: a part with which the path would be another route's.
    """
    path = template
    for name, value in (parts or {}).items():
        check_part(template, name, value)
        path = path.replace(f"{{{name}:path}}", quote(value, safe="/")).replace(f"{{{name}}}", quote(value, safe=""))
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return Call(method=method, template=template, answer=answer, path=path, query=given, body=body, content=content)


def check_part(template: str, name: str, value: str) -> None:
    """Raises InvalidInputError unless `value` is text that stays the one part of the path that it is for."""
    is_path = f"{{{name}:path}}" in template
    pieces = value.split("/") if is_path else [value]
    if all(piece not in {"", ".", ".."} and "/" not in piece for piece in pieces) and _is_unicode(value):
        return
    expected = "a relative path without '..'" if is_path else "a name or id, not empty and without '/'"
    raise InvalidInputError(f"{_noun(template, name)} {value[:100]!r} is not valid: expected {expected}")


def _is_unicode(value: str) -> bool:
    """Not so for what a command line had in another encoding: Python keeps its bytes as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _noun(template: str, name: str) -> str:
    """What a part is to people: `{name}` behind `/api/data-roots/` is a data root's."""
    if name != "name":
        return name
    folder = template.partition(f"/{{{name}")[0].rpartition("/")[2]
    return f"{folder.removesuffix('s').replace('-', ' ')} name"
