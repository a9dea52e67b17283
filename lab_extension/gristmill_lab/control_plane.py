"""The control plane as this server knows it: started on demand, asked, and found again where it was away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from gristmill.client import api
from gristmill.client.call import Call
from gristmill.client.client import Client
from gristmill.client.forwarded import Forwarded
from gristmill.client.transports import AsyncTransport
from gristmill.core.errors import UnavailableError
from gristmill.core.wire import Event

T = TypeVar("T")

_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})


class ControlPlane:
    """`connect` finds a control plane or starts it, which may take a minute: it is called in a thread.

    Whoever asks while it starts waits for the same start. One that has gone is found again, or started, at the next
    question.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._turn = asyncio.Lock()
        self._client: Client | None = None
        self._lent: dict[Client, int] = {}  # how many use it now: who is last closes one that was lost
        self._transport: AsyncTransport | None = None

    @property
    def connected(self) -> bool:
        return self._client is not None

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Client]:
        """For what takes long and is done in a thread; it may be shared between threads.

        It stays open until it is given back, also where the control plane is lost meanwhile.

        Raises:
            GristmillError: there is none, and none can be started; the message says why.
        """
        client = await self._found()
        self._lent[client] = self._lent.get(client, 0) + 1
        try:
            yield client
        finally:
            self._lent[client] -= 1
            if not self._lent[client]:
                del self._lent[client]
                if client is not self._client:
                    client.close()

    async def _found(self) -> Client:
        async with self._turn:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect)
            return self._client

    async def send(self, request: Call[T]) -> T:
        """The answer; asked once more where the control plane has moved meanwhile and asking twice does no harm."""
        transport = await self._asked()
        try:
            return await transport.send(request)
        except UnavailableError:
            await self.lose(transport)
            if request.method not in _REPEATABLE:
                raise
        return await (await self._asked()).send(request)

    async def is_unisolated(self) -> bool:
        """Whether several people's notebooks run as processes of one user."""
        return (await self.send(api.status())).unisolated

    async def read(self, request: Call[bytes]) -> AsyncIterator[bytes]:
        """The answer's body as it comes."""
        transport = await self._asked()
        try:
            async for chunk in transport.read(request):
                yield chunk
        except UnavailableError:
            await self.lose(transport)
            raise

    async def forward(
        self, method: str, url: str, headers: Mapping[str, str], content: AsyncIterator[bytes] | None = None
    ) -> Forwarded:
        """The answer to a request of a browser's; who asks reads and closes it.

        Raises:
            UnavailableError: nobody answers, and `content` is spent or asking again was of no use.
        """
        transport = await self._asked()
        try:
            return await transport.forward(method, url, headers, content)
        except UnavailableError:
            await self.lose(transport)
            if content is not None:
                raise
        return await (await self._asked()).forward(method, url, headers)

    async def events(self, after: int | None, opened: Callable[[], object]) -> AsyncIterator[Event]:
        """Events from behind `after` on, none of them missed once `opened` was called.

        Raises:
            UnavailableError: the connection breaks, or there is none.
        """
        transport = await self._asked()
        try:
            async for event in transport.stream(after=after, opened=opened):
                yield event
        except UnavailableError:
            await self.lose(transport)
            raise

    async def lose(self, transport: AsyncTransport | None = None) -> None:
        """It does not answer: the next question looks for it anew. `transport` is the one that was not answered."""
        async with self._turn:
            if transport is None or transport is self._transport:
                await self._close()

    async def close(self) -> None:
        async with self._turn:
            await self._close()

    async def _asked(self) -> AsyncTransport:
        client = await self._found()
        async with self._turn:
            if self._transport is None or self._transport.credentials != client.transport.credentials:
                self._transport = AsyncTransport(client.transport.credentials)
            return self._transport

    async def _close(self) -> None:
        client, self._client = self._client, None
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()
        if client is not None and client not in self._lent:
            client.close()
