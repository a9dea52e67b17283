"""Bodies whose text is no Unicode, or cannot be stored, before anything reads them."""

import json
import re
from collections.abc import Iterator
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gristmill.core.errors import Fault, GristmillError, InvalidInputError
from gristmill.core.http import problem_response
from gristmill.server.limits import STREAMED

# Workers say what a notebook has printed, and that may hold U+0000. It is kept within JSON, where it does no harm.
_PRINTED = "/api/attempts/"

_ESCAPED = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
_RAW = re.compile(rb"\xed[\xa0-\xbf]")  # a surrogate as bytes: Python's decoder of JSON lets it pass
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFUSED = re.compile("[\ud800-\udfff\0]")
_MOST_FAULTS = 20


class PlainText:
    """Answers 400 to JSON with a lone surrogate (RFC 8259, section 8.2) or U+0000, and names the fields.

    No database and no UTF-8 has the one, PostgreSQL none of the other. Bodies are held as a whole: FastAPI does so too.
    Those of paths that begin as in `streamed` are not read here.
    """

    def __init__(self, app: ASGIApp, streamed: tuple[str, ...] = STREAMED) -> None:
        self._app, self._streamed = app, streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}
        if reads or scope["path"].startswith(self._streamed):
            await self._app(scope, receive, send)
            return
        try:
            taken = await _whole(receive)
            check(b"".join(message.get("body", b"") for message in taken), printed=scope["path"].startswith(_PRINTED))
        except GristmillError as error:
            await problem_response(error.problem(scope["path"]))(scope, receive, send)
            return

        async def again() -> Message:
            return taken.pop(0) if taken else await receive()

        await self._app(scope, again, send)


async def _whole(receive: Receive) -> list[Message]:
    """The messages with the body; the last one may say that the caller is gone."""
    taken = [await receive()]
    while taken[-1]["type"] == "http.request" and taken[-1].get("more_body", False):
        taken.append(await receive())
    return taken


def check(body: bytes, *, printed: bool = False) -> None:
    """Raises InvalidInputError for JSON with text that is none; what is not JSON is not looked at.

    `printed`: U+0000 may be in it.
    """
    if not _may_be_refused(body):
        return
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):  # answered by who wants to read it
        return
    pattern = _SURROGATE if printed else _REFUSED
    faults = tuple(fault for _, fault in zip(range(_MOST_FAULTS), _faults(content, pattern), strict=False))
    if faults:
        raise InvalidInputError("; ".join(f"{fault.where}: {fault.message}" for fault in faults[:3]), faults=faults)


def _may_be_refused(body: bytes) -> bool:
    """Quick, for the many bodies in which there is nothing to be found. A zero byte: UTF-16, or no JSON."""
    escaped = b"\\u" in body and _ESCAPED.search(body) is not None
    return escaped or b"\0" in body or (b"\xed" in body and _RAW.search(body) is not None)


def _faults(content: Any, pattern: re.Pattern[str]) -> Iterator[Fault]:
    waiting: list[tuple[str, Any]] = [("", content)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, str) and (found := pattern.search(value)):
            yield _fault(where or "body", value, found[0])
        elif isinstance(value, dict):
            for name in value:
                if found := pattern.search(name):
                    yield _fault(where or "body", name, found[0])
            waiting += [(f"{where}.{_shown(name)}".lstrip("."), value[name]) for name in reversed(value)]
        elif isinstance(value, list):
            waiting += [(f"{where}.{n}".lstrip("."), value[n]) for n in reversed(range(len(value)))]


def _fault(where: str, value: str, found: str) -> Fault:
    kind = "half of a surrogate pair" if found != "\0" else "a character that no database stores"
    return Fault(
        where=where,
        message=f"U+{ord(found):04X} in {_shown(value)} is {kind}",
        got=_shown(value),
        expected="Unicode text without U+0000",
    )


def _shown(text: str) -> str:
    """As it can be sent."""
    return _REFUSED.sub(lambda found: f"\\u{ord(found[0]):04x}", text[:100])
