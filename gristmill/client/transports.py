"""The two thin transports: the same calls, with and without `await`."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from gristmill.client.call import Call
from gristmill.client.credentials import Credentials
from gristmill.client.forwarded import Forwarded
from gristmill.client.sse import EventReader
from gristmill.client.wire import read_answer, read_problem, request_arguments
from gristmill.core.errors import UnavailableError
from gristmill.core.tls import trust_for
from gristmill.core.wire import PROJECT_HEADER, Event

T = TypeVar("T")

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_STREAM = "/api/events/stream"


def _options(credentials: Credentials) -> dict[str, Any]:
    project = {PROJECT_HEADER: credentials.project} if credentials.project else {}
    return {
        "base_url": credentials.url,
        "headers": {"Authorization": f"Bearer {credentials.token}", **project},
        "timeout": TIMEOUT,
        "trust_env": not credentials.local,  # a proxy has no business on loopback
        "verify": trust_for(credentials.url),
    }


def _away(url: str, error: httpx.HTTPError) -> UnavailableError:
    return UnavailableError(
        f"the control plane at {url} does not answer: {why_away(error)}", hint="`gristmill server status` tells more."
    )


def why_away(error: httpx.HTTPError) -> str:
    """In words for people, who need not know what HTTP's chunks are."""
    match error:
        case httpx.ConnectError() if str(error):
            return str(error)  # refused, no such host, no trust in its certificate
        case httpx.TimeoutException():
            return "nothing came in time"
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            return "the connection broke off"
        case _:
            return repr(error)


class SyncTransport:
    """Sends calls and waits for their answers. Safe to share between threads."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._http = httpx.Client(**_options(credentials))

    def send(self, request: Call[T]) -> T:
        """The call's answer.

        Raises:
            UnavailableError: nobody answers.
            GristmillError: what the control plane refused with.
        """
        try:
            response = self._http.request(**request_arguments(request))
        except httpx.HTTPError as error:
            raise _away(self.credentials.url, error) from error
        return read_answer(request, response.status_code, response.content)

    def stream(self, run: str | None = None, after: int | None = None) -> Iterator[Event]:
        """Events as they happen, from behind `after` on; a connection that breaks is resumed by the caller."""
        query = {name: str(value) for name, value in (("run", run), ("after", after)) if value is not None}
        try:
            with self._http.stream("GET", _STREAM, params=query, timeout=httpx.Timeout(5.0, read=45.0)) as response:
                if response.status_code >= 400:
                    raise read_problem(response.status_code, response.read())
                reader = EventReader()
                for line in response.iter_lines():
                    if (event := reader.feed(line)) is not None:
                        yield event
        except httpx.HTTPError as error:
            raise _away(self.credentials.url, error) from error

    def close(self) -> None:
        self._http.close()


class AsyncTransport:
    """Sends calls and awaits their answers."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._http = httpx.AsyncClient(**_options(credentials))

    async def send(self, request: Call[T]) -> T:
        """The call's answer; raises as `SyncTransport.send` does."""
        try:
            response = await self._http.request(**request_arguments(request))
        except httpx.HTTPError as error:
            raise _away(self.credentials.url, error) from error
        return read_answer(request, response.status_code, response.content)

    async def read(self, request: Call[bytes]) -> AsyncIterator[bytes]:
        """The answer's body as it comes, for what may be large; raises as `send` does."""
        arguments = request_arguments(request)
        try:
            async with self._http.stream(**arguments) as response:
                if response.status_code >= 400:
                    raise read_problem(response.status_code, await response.aread())
                async for chunk in response.aiter_bytes():
                    yield chunk
        except httpx.HTTPError as error:
            raise _away(self.credentials.url, error) from error

    async def forward(
        self, method: str, url: str, headers: Mapping[str, str], content: AsyncIterator[bytes] | None = None
    ) -> Forwarded:
        """What is answered to somebody else's request, whatever it is.

        Raises:
            UnavailableError: nobody answers.
        """
        # As long as the control plane itself waits for MLflow, and then some.
        request = self._http.build_request(
            method, url, headers=headers, content=content, timeout=httpx.Timeout(150.0, connect=5.0)
        )
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _away(self.credentials.url, error) from error
        return Forwarded(answer, lambda error: _away(self.credentials.url, error))

    async def stream(
        self, run: str | None = None, after: int | None = None, *, opened: Callable[[], object] = lambda: None
    ) -> AsyncIterator[Event]:
        """Events as they happen, from behind `after` on. What happens after `opened` was called is never missed."""
        query = {name: str(value) for name, value in (("run", run), ("after", after)) if value is not None}
        timeout = httpx.Timeout(5.0, read=45.0)
        try:
            async with self._http.stream("GET", _STREAM, params=query, timeout=timeout) as response:
                if response.status_code >= 400:
                    raise read_problem(response.status_code, await response.aread())
                opened()
                reader = EventReader()
                async for line in response.aiter_lines():
                    if (event := reader.feed(line)) is not None:
                        yield event
        except httpx.HTTPError as error:
            raise _away(self.credentials.url, error) from error

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
