"""The control plane's own way to endpoints, for who cannot reach their addresses; a convenience, with no guarantee.

A caller shows a token, or an API key of the endpoint's. The endpoint sees an API key in any case: the caller's, or the
gateway's own, which no caller sees.
"""

import base64
import hmac
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.passing import limited, passed_back, passed_on
from gristmill.core.scopes import Actor
from gristmill.core.tls import trust_for
from gristmill.core.whole_file import make_private
from gristmill.endpoints import service
from gristmill.endpoints.model import KEY, Endpoint, key_hash

# A request that an endpoint answers later than that has failed for whoever asked.
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# An endpoint's own server closes a connection that is idle for longer: it is not to be used then.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=2.0)
MOST = 100  # requests at once to one endpoint: one that hangs takes nothing from the others
_TO_ENDPOINT = {
    "accept",
    "accept-encoding",
    "content-encoding",
    "content-length",
    "content-type",
    "inference-header-content-length",
    "user-agent",
}


@dataclass(frozen=True)
class KeyHolder:
    """A caller by an API key of the endpoint's."""

    key: str = field(repr=False)


class GatewayKeys:
    """One for each endpoint, made from a secret that control planes share: nothing of it stands in the database."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def of(self, endpoint: str) -> str:
        """By the endpoint's id."""
        made = hmac.digest(self._secret, endpoint.encode(), "sha256")
        return f"{KEY}{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

    @cached_property
    def _secret(self) -> bytes:
        if not self._file.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            make_private(self._file, secrets.token_bytes(32))
        return self._file.read_bytes()


class Gateway:
    """Passes requests on. Close it when the app ends."""

    def __init__(self, db: Database, keys: GatewayKeys, *, limit: int) -> None:
        self._db, self._keys, self._limit = db, keys, limit
        # Endpoints answer plain HTTP, on this machine or in this cluster.
        self._http = httpx.AsyncClient(timeout=TIMEOUT, limits=_LIMITS, trust_env=False, verify=trust_for("http:"))
        self._asked = Counter[str]()  # by the endpoint's id

    async def close(self) -> None:
        await self._http.aclose()

    async def answer(self, caller: Actor | KeyHolder, name: str, path: str, request: Request) -> Response:
        """What the endpoint answers at `path`, as it arrives, be it a refusal of its own.

        Raises:
            NotFoundError: the caller's project has no such endpoint.
            UnauthenticatedError: the API key is not one of the endpoint's.
            TooLargeError: the body is larger than requests may be.
            UnavailableError: the endpoint does not answer, or `MOST` requests wait for it already.
        """
        endpoint = await run_in_threadpool(self._find, caller, name)
        key = caller.key if isinstance(caller, KeyHolder) else await run_in_threadpool(self._keys.of, endpoint.id)
        headers = {**passed_on(request.headers, _TO_ENDPOINT), "authorization": f"Bearer {key}"}
        async with AsyncExitStack() as stack:
            stack.enter_context(self._counted(endpoint))
            answer = await self._send(endpoint, path, headers, limited(request, self._limit))
            stack.push_async_callback(answer.aclose)
            if answer.status_code == 401 and not isinstance(caller, KeyHolder):
                await run_in_threadpool(self._make_known, endpoint)
                raise UnavailableError(
                    f"endpoint {name} does not know the gateway yet", hint="It is being told: try again in a moment."
                )
            return _Passed(answer, name, stack.pop_all())

    @contextmanager
    def _counted(self, endpoint: Endpoint) -> Iterator[None]:
        if self._asked[endpoint.id] >= MOST:
            raise UnavailableError(
                f"{MOST} requests wait for endpoint {endpoint.name} by the gateway already",
                hint="Try again in a moment.",
            )
        self._asked[endpoint.id] += 1
        try:
            yield
        finally:
            self._asked[endpoint.id] -= 1
            if not self._asked[endpoint.id]:
                del self._asked[endpoint.id]

    def _find(self, caller: Actor | KeyHolder, name: str) -> Endpoint:
        with self._db.read() as tx:
            if isinstance(caller, KeyHolder):
                return service.of_key(tx, name, key_hash(caller.key))
            return service.named(tx, caller, name)

    async def _send(
        self, endpoint: Endpoint, path: str, headers: dict[str, str], content: AsyncIterator[bytes]
    ) -> httpx.Response:
        request = self._http.build_request("POST", f"{endpoint.url}/{path}", headers=headers, content=content)
        try:
            return await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _away(endpoint.name, error) from error

    def _make_known(self, endpoint: Endpoint) -> None:
        with self._db.write() as tx:
            service.make_known(tx, endpoint)


class _Passed(StreamingResponse):
    """The endpoint's answer; `held` is let go when it is sent, or cannot be."""

    def __init__(self, answer: httpx.Response, name: str, held: AsyncExitStack) -> None:
        super().__init__(_read(answer, name), answer.status_code, passed_back(answer.headers))
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)


async def _read(answer: httpx.Response, name: str) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.HTTPError as error:  # what was sent stands: the caller sees that the rest is lacking
        raise _away(name, error) from error


def _away(name: str, error: httpx.HTTPError) -> UnavailableError:
    late = isinstance(error, httpx.ReadTimeout)
    said = f"did not answer within {TIMEOUT.read:g} s" if late else f"does not answer: {type(error).__name__}"
    return UnavailableError(
        f"endpoint {name} {said}", hint="`gristmill endpoints show` and its log say more: it may be starting, or busy."
    )
