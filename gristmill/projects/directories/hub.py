"""The people of a JupyterHub, by its own tokens."""

import threading
from dataclasses import dataclass

import httpx
import msgspec

from gristmill.core.clock import Clock
from gristmill.core.errors import UnauthenticatedError, UnavailableError
from gristmill.core.scopes import HUB_PREFIX, ActorKind, Scope
from gristmill.core.tls import trust_for
from gristmill.core.tokens import token_hash
from gristmill.projects.directories.base import Directory
from gristmill.projects.model import (
    OF_SERVICE,
    PERSONAL,
    Person,
    is_project_name,
    personal_project,
    service_project,
)

_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
_MOST = 10_000  # tokens that are remembered at a time


@dataclass(frozen=True)
class _User:
    """What `GET /hub/api/user` says of who asks, as far as it matters here."""

    kind: str
    name: str
    groups: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    person: Person
    until: float


class HubDirectory(Directory):
    """Asks the hub with the token itself: it says whose it is and what of the person's scopes it has.

    Groups of the hub whose names begin with `project_groups` are projects that all their members are in.
    """

    lag = 60.0

    def __init__(self, api_url: str, clock: Clock, *, project_groups: str) -> None:
        self._url, self._clock, self._prefix = api_url.rstrip("/"), clock, project_groups
        self._http = httpx.Client(timeout=_TIMEOUT, trust_env=False, verify=trust_for(api_url))
        self._known: dict[str, _Known] = {}
        self._turn = threading.Lock()

    def person(self, token: str) -> Person:
        key, now = token_hash(token), self._clock.monotonic()
        known = self._known.get(key)
        if known is None or known.until <= now:
            known = _Known(self._asked(token), now + self.lag)
            with self._turn:
                self._known.pop(key, None)
                while len(self._known) >= _MOST:
                    del self._known[next(iter(self._known))]
                self._known[key] = known
        return known.person

    def close(self) -> None:
        self._http.close()

    def _asked(self, token: str) -> Person:
        try:
            answer = self._http.get(f"{self._url}/user", headers={"Authorization": f"token {_sendable(token)}"})
        except httpx.HTTPError as error:
            raise UnavailableError(
                f"the hub at {self._url} does not answer: {error!r}", hint="Once it is up, ask again."
            ) from error
        if answer.status_code in {401, 403, 404}:  # 404: it is no user's
            raise UnauthenticatedError(
                "the hub does not know this token: it is unknown, expired or revoked",
                hint="A token of your own is made on the hub's page `token`; servers that it starts have one.",
            )
        if not answer.is_success:
            raise UnavailableError(f"the hub at {self._url} answered {answer.status_code}", hint="Its log says why.")
        try:
            user = msgspec.json.decode(answer.content, type=_User)
        except msgspec.DecodeError as error:
            raise UnavailableError(f"the hub at {self._url} answered what is not understood: {error}") from error
        if user.kind == "service":
            return _service(user)
        if user.kind != "user":
            raise UnauthenticatedError(f"the token is a {user.kind}'s: expected a person's or a service's")
        return self._read(user)

    def _read(self, user: _User) -> Person:
        named = (group.removeprefix(self._prefix) for group in user.groups if group.startswith(self._prefix))
        shared = sorted(name for name in named if is_project_name(name) and not name.startswith((PERSONAL, OF_SERVICE)))
        return Person(
            name=user.name,
            scopes=frozenset(_scopes(user.scopes)),
            projects=(personal_project(user.name), *shared),
            groups=frozenset(user.groups),
        )


def _service(service: _User) -> Person:
    """In a project of its own, with what scopes the hub has given it; one without any of ours is nobody here.

    It is in no group. One that may only look at profiles, as the hub itself, sees those of all groups.
    """
    scopes = frozenset(_scopes(service.scopes))
    if not scopes:
        raise UnauthenticatedError(
            f"the token is of the hub's service {service.name!r}, which has no scope of Gristmill's",
            hint="A role of the hub gives it one: `custom:gristmill:profiles:read`, for example.",
        )
    return Person(
        name=service.name,
        scopes=scopes,
        projects=(service_project(service.name),),
        groups=None if scopes == {Scope.PROFILES_READ} else frozenset(),
        kind=ActorKind.SERVICE,
    )


def _scopes(told: tuple[str, ...]) -> set[Scope]:
    """Scopes of a later version are not known here; what is filtered to something is not had."""
    known = {f"{HUB_PREFIX}{scope}": scope for scope in Scope}
    return {known[one] for one in told if one in known} - {Scope.ATTEMPT, Scope.ENDPOINT}


def _sendable(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UnauthenticatedError("the token is not one: expected letters, digits and signs without a space")
    return token
