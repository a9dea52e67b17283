"""The kernel has the person's own credentials: it asks the control plane itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from gristmill.client.call import Call
from gristmill.client.client import Client
from gristmill.endpoints.model import Endpoint
from gristmill_lab.calling import Answered, delete, predict
from gristmill_lab.control_plane import ControlPlane
from gristmill_lab.fan import Fan, Listener
from gristmill_lab.launch import Launched, RunOrder, launch
from gristmill_lab.messages import Message
from gristmill_lab.widgets.asking import Asking

T = TypeVar("T")

_LOOK = 60.0  # seconds after which a listener that heard nothing listens again


class Directly(Asking):
    """`connect` finds a control plane, or starts it where that may be done; it is called in a thread."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._control_plane = ControlPlane(connect)
        self._fan = Fan(self._control_plane)

    @property
    def through(self) -> str:
        return ""

    async def messages(self) -> AsyncIterator[Message]:
        async for message in self._fan.listen(Listener(_LOOK)):
            if message is not None:
                yield message

    async def send(self, request: Call[T]) -> T:
        return await self._control_plane.send(request)

    async def launch(self, notebook: Path, order: RunOrder) -> Launched:
        async with self._control_plane.lent() as client:
            return await asyncio.to_thread(launch, client, notebook, order)

    async def predict(self, endpoint: str, body: bytes) -> Answered:
        async with self._control_plane.lent() as client:
            return await asyncio.to_thread(predict, client, endpoint, body)

    async def delete_endpoint(self, endpoint: str) -> Endpoint:
        async with self._control_plane.lent() as client:
            return await asyncio.to_thread(delete, client, endpoint)

    async def close(self) -> None:
        await self._fan.close()
        await self._control_plane.close()
