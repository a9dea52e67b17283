"""One request to MLflow and its answer, streamed both ways."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.core.passing import passed_back, passed_on
from gristmill.tracking.address import MlflowAddress
from gristmill.tracking.errors import away

PREFIX = "/mlflow"

# As long as MLflow's own client waits for an answer.
_TIMEOUT = httpx.Timeout(120.0, connect=2.0, pool=30.0)
# What MLflow needs to know of a request.
_TO_MLFLOW = {
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-length",
    "content-type",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "range",
    "user-agent",
    "x-mlflow-experiment-id",
    "x-mlflow-run-id",
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A path of MLflow, decoded and again encoded in the one way that cannot be read differently."""

    path: str
    encoded: str
    query: tuple[tuple[str, str], ...]

    @property
    def url(self) -> str:
        return f"{self.encoded}?{urlencode(self.query)}" if self.query else self.encoded


def target_of(request: Request) -> Target:
    """What the request asks of MLflow.

    Raises:
        InvalidInputError: a path that could be read in two ways: `..`, empty parts, encoded separators.
    """
    raw: str = (request.scope.get("raw_path") or quote(request.scope["path"]).encode()).decode("ascii", "replace")
    below = raw.removeprefix(quote(request.scope.get("root_path", ""))).removeprefix(PREFIX)
    parts = [unquote(part) for part in below.removeprefix("/").split("/")]
    if parts != [""] and any(_ambiguous(part) for part in parts):
        raise InvalidInputError(
            f"path {below[:200]!r} is not allowed: expected no '..', no empty parts and no encoded separators"
        )
    query = parse_qsl(request.scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
    return Target(
        path="/" + "/".join(parts), encoded="/" + "/".join(quote(part, safe="") for part in parts), query=tuple(query)
    )


def _ambiguous(part: str) -> bool:
    # MLflow decodes artifact paths until nothing changes any more; so do we before looking at them.
    while (decoded := unquote(part)) != part:
        part = decoded
    return part in {"", ".", ".."} or any(character in "/\\" or not character.isprintable() for character in part)


# What names the workspace of who asks. Each request is answered in a context of its own.
_workspace: ContextVar[Mapping[str, str]] = ContextVar("workspace", default={})  # noqa: B039  # nobody changes it


@contextmanager
def within(workspace: Mapping[str, str]) -> Iterator[None]:
    """All that is sent in this block goes with these headers."""
    before = _workspace.set(workspace)
    try:
        yield
    finally:
        _workspace.reset(before)


class Exchange:
    """Sends to one MLflow. Close it when the app ends."""

    def __init__(self, address: MlflowAddress) -> None:
        self._address = address
        self._http = address.async_client(_TIMEOUT)

    async def close(self) -> None:
        await self._http.aclose()

    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: AsyncIterator[bytes] | bytes | None = None,
        added: dict[str, str] | None = None,
    ) -> Response:
        """MLflow's answer as it arrives, with `added` headers.

        Raises:
            UnavailableError: MLflow does not answer.
        """
        answer = await self._send(method, url, headers, content)
        kept = passed_back(answer.headers)
        return StreamingResponse(
            answer.aiter_raw(), answer.status_code, headers={**kept, **(added or {})}, background=_closing(answer)
        )

    async def whole(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """MLflow's answer with its body read: for those that we look into, which are small."""
        answer = await self._send(method, url, headers or {}, content)
        try:
            await answer.aread()
        except httpx.HTTPError as error:
            raise self._away(error) from error
        return answer

    async def _send(
        self, method: str, url: str, headers: dict[str, str], content: AsyncIterator[bytes] | bytes | None
    ) -> httpx.Response:
        headers = {**headers, **_workspace.get()}
        request = self._http.build_request(method, url, headers=headers, content=content)
        try:
            return await self._http.send(request, stream=True)
        except httpx.ConnectError as error:
            raise self._away(error) from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            # A kept connection that MLflow has closed meanwhile: what only reads is asked again.
            if method != "GET" or content is not None:
                raise self._away(error) from error
        except httpx.HTTPError as error:
            raise self._away(error) from error
        try:
            return await self._http.send(self._http.build_request(method, url, headers=headers), stream=True)
        except httpx.HTTPError as error:
            raise self._away(error) from error

    def _away(self, error: httpx.HTTPError) -> UnavailableError:
        return away(error, self._address.reason())


def forwarded(request: Request) -> dict[str, str]:
    return passed_on(request.headers, _TO_MLFLOW)


def _closing(answer: httpx.Response) -> BackgroundTask:
    return BackgroundTask(answer.aclose)
