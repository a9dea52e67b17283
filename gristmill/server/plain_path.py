"""Addresses of which a part, once it is decoded, would mean something else."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from gristmill.core.errors import InvalidInputError
from gristmill.core.http import problem_response

_PROXIED = "/mlflow/"  # it has an allow-list of its own
# What follows is a file's name in any case: nothing below it is another route.
_FILE = re.compile(rb"/api/runs/[^/]*/outputs/")


class PlainPath:
    """Answers 400 to an escaped slash: routes are told apart by decoded paths, and it would lead to another one.

    So `DELETE /api/endpoints/a%2Fkeys%2Fb`, an endpoint's name to who sent it, would revoke a key. U+0000 is in no name
    either, and no database looks for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = _fault(scope) if scope["type"] == "http" and not scope["path"].startswith(_PROXIED) else None
        if error is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(error.problem(scope["path"].replace("\0", "%00")))(scope, receive, send)


def _fault(scope: Scope) -> InvalidInputError | None:
    path: bytes = scope.get("raw_path") or b""
    names = path[: found.end()] if (found := _FILE.match(path)) else path
    if b"%2f" in names.lower():
        return InvalidInputError(
            f"{path[:200].decode('latin-1')} has an escaped slash: expected names without '/'",
            hint="Runs, models, endpoints, environments, data roots and secrets have none in their names.",
        )
    if b"%00" in path or b"%00" in scope.get("query_string", b""):
        return InvalidInputError(f"{path[:200].decode('latin-1')} has U+0000: expected text without it")
    return None
