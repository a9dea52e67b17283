"""Pages for people: a code that is good once and for 60 seconds opens a browser session for MLflow's pages.

`/api` takes bearers only. A session's cookie is confined to `/mlflow`, unreadable for scripts and never sent along from
other sites; requests that change something must come from MLflow's own pages. Codes and sessions live in memory, as
hashes, and end with the control plane.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Annotated
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gristmill.core.clock import Clock
from gristmill.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from gristmill.core.http import PROBLEMS, provide, requires
from gristmill.core.scopes import Actor, ActorKind, Scope
from gristmill.core.tokens import token_hash
from gristmill.core.wire import Opened

router = APIRouter(tags=["server"], responses=PROBLEMS)

CODE_LIFE = timedelta(seconds=60)
SESSION_LIFE = timedelta(hours=12)
PAGES = "/mlflow"  # the cookie's path, and the only one that is opened

_MOST = 1000  # codes or sessions at a time: the oldest goes first
# A used code is worthless, but it need not be kept anywhere either.
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
_PAGE = {"text/html": {"schema": {"type": "string"}}}


@dataclass(frozen=True, kw_only=True)
class OpenRequest:
    """POST /api/open. `path` begins with `/mlflow/` and may have a query and a fragment."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A person may see `path` until `ends`."""

    actor: Actor
    path: str
    ends: datetime


class Opening:
    """Hands out codes, takes each once for a session, and knows whose session a request belongs to."""

    def __init__(self, clock: Clock, instance: str) -> None:
        self._clock = clock
        # Cookies know no ports: control planes on one machine must not overwrite each other's.
        self.cookie = f"gristmill-{instance[-12:]}"
        self._codes: dict[str, Entry] = {}
        self._sessions: dict[str, Entry] = {}

    def open(self, actor: Actor, path: str) -> str:
        """A code that opens this path once.

        Raises:
            ForbiddenError: the token is not a person's.
            InvalidInputError: the path is none of MLflow's pages.
        """
        if actor.kind is not ActorKind.PERSON:
            raise ForbiddenError(f"a {actor.kind} opens no pages", hint="Use a person's token.")
        return self._keep(self._codes, Entry(actor=actor, path=check_path(path), ends=self._clock.now() + CODE_LIFE))

    def redeem(self, code: str) -> tuple[str, str]:
        """A new session's secret and the path that the code was for.

        Raises:
            NotFoundError: used, expired or never given out; it is not said which.
        """
        entry = self._codes.pop(token_hash(code), None)
        if entry is None or entry.ends <= self._clock.now():
            raise NotFoundError(
                "this link is not valid any more: it opens once, within 60 seconds",
                hint="Run `gristmill open mlflow` again.",
            )
        session = Entry(actor=entry.actor, path=PAGES, ends=self._clock.now() + SESSION_LIFE)
        return self._keep(self._sessions, session), entry.path

    def actor(self, request: Request) -> Actor | None:
        """The person of the request's session; None without one.

        Raises:
            ForbiddenError: another page sent the request.
        """
        secret = request.cookies.get(self.cookie)
        session = self._sessions.get(token_hash(secret)) if secret else None
        if session is None or session.ends <= self._clock.now():
            return None
        check_sender(request)
        return session.actor

    def _keep(self, entries: dict[str, Entry], entry: Entry) -> str:
        now = self._clock.now()
        for key in [key for key, kept in entries.items() if kept.ends <= now]:
            entries.pop(key, None)
        while len(entries) >= _MOST:
            entries.pop(next(iter(entries)), None)
        secret = secrets.token_urlsafe(32)
        entries[token_hash(secret)] = entry
        return secret


def check_path(path: str) -> str:
    """`path`, if it leads to MLflow's pages on this server and nowhere else.

    Raises:
        InvalidInputError: otherwise.
    """
    parts = urlsplit(path) if path.isprintable() and "\\" not in path else urlsplit("//")
    inside = parts.path == PAGES or parts.path.startswith(f"{PAGES}/")
    plain = not any(part in {".", ".."} or "/" in part for part in map(unquote, parts.path.split("/")))
    if parts.scheme or parts.netloc or not inside or not plain or len(path) > 4000:
        raise InvalidInputError(f"{path[:200]!r} cannot be opened: expected a path that begins with {PAGES}/")
    return path if parts.path != PAGES else path.replace(PAGES, f"{PAGES}/", 1)


def check_sender(request: Request) -> None:
    """Raises ForbiddenError unless the request comes from this server's own pages or from the person directly.

    By Fetch Metadata (https://www.w3.org/TR/fetch-metadata/), else by the Origin header.
    """
    site = request.headers.get("sec-fetch-site")
    reads = request.method in {"GET", "HEAD"}
    if site in {"same-origin", "none"}:
        return
    if site is None and (reads or request.headers.get("origin") == str(request.base_url).rstrip("/")):
        return
    if site is not None and reads and request.headers.get("sec-fetch-mode") == "navigate":
        return
    raise ForbiddenError("another site sent this request", hint="Use MLflow's own pages, or a token.")


OpeningOf = Annotated[Opening, Depends(provide(Opening))]


@router.post("/api/open", summary="Make a link that opens MLflow's pages in a browser")
def open_page(
    request: Request, body: OpenRequest, actor: Annotated[Actor, requires(Scope.TRACKING_READ)], opening: OpeningOf
) -> Opened:
    """The link is good once and for 60 seconds; the session that it opens ends after 12 hours."""
    return Opened(url=f"{request.base_url}open/{opening.open(actor, body.path)}")


@router.get(
    "/open/{code}",
    summary="Follow such a link",
    response_class=RedirectResponse,
    status_code=303,
    responses={200: {"description": "A page that leads on, for who comes from another site", "content": _PAGE}},
)
def follow(request: Request, code: str, opening: OpeningOf) -> Response:
    """Sets the session's cookie and leads on to the page."""
    secret, path = opening.redeem(code)
    root = request.scope.get("root_path", "")
    if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        # A redirect would still count as the other site's request, and take no strict cookie along; a page does.
        response: Response = HTMLResponse(
            f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(root + path)}"><title>Gristmill</title>',
            headers=_HEADERS,
        )
    else:
        response = RedirectResponse(f"{root}{path}", status_code=303, headers=_HEADERS)
    response.set_cookie(
        opening.cookie,
        secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        path=f"{root}{PAGES}",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
