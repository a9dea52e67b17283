"""One stream of events from the control plane, for all browsers of this server."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime

from gristmill.core.errors import GristmillError
from gristmill_lab.control_plane import ControlPlane
from gristmill_lab.messages import EventMessage, Message, ResetMessage, StateMessage

log = logging.getLogger(__name__)

ROOM = 2_000  # messages that a browser may be behind, before it is told to ask anew
RETRY, LONGEST_RETRY = 0.2, 10.0  # seconds between two attempts to find a control plane that is away


class Listener:
    """One browser's place in the fan."""

    def __init__(self, keep_alive: float) -> None:
        self.ended = False
        self._keep_alive = keep_alive
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(ROOM)

    async def next(self) -> Message | None:
        try:
            async with asyncio.timeout(self._keep_alive):
                return await self._queue.get()
        except TimeoutError:
            return None

    def tell(self, message: Message) -> bool:
        """Whether there was room for it."""
        if self._queue.full():
            return False
        self._queue.put_nowait(message)
        return True

    def restart(self, state: StateMessage) -> None:
        """What it has not read is dropped, and it is told so."""
        self._clear()
        self._queue.put_nowait(state)
        self._queue.put_nowait(ResetMessage())

    def end(self) -> None:
        self.ended = True
        self._clear()
        self._queue.put_nowait(None)

    def _clear(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()


class Fan:
    """Reads upstream as long as somebody listens. Who comes is told the state at once; who is slow misses, and is told.

    A control plane that is away is looked for again and again, and started where that may be done.
    """

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._state = StateMessage(state="starting", since=datetime.now(UTC))
        self._cursor: int | None = None
        self._unisolated = False

    async def listen(self, listener: "Listener") -> AsyncGenerator[Message | None, None]:
        """Messages until the listener is ended; None where there was none for a while."""
        if self._task is None:
            self._become("starting")
            self._task = asyncio.create_task(self._read(), name="gristmill events")
        self._listeners.add(listener)
        listener.tell(self._state)
        try:
            while not listener.ended:
                yield await listener.next()
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                await self.close()

    async def close(self) -> None:
        """Ends the stream upstream; the next listener begins another."""
        task, self._task = self._task, None
        self._cursor = None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _read(self) -> None:
        pause = RETRY
        while True:
            try:
                self._unisolated = await self._control_plane.is_unisolated()
                async for event in self._control_plane.events(self._cursor, lambda: self._become("ready")):
                    pause = RETRY
                    self._cursor = event.seq
                    self._tell(ResetMessage() if event.kind == "reset" else EventMessage(event=event))
            except GristmillError as error:
                self._become("away", error)
            except Exception as error:  # a disk that is full, an answer that cannot be read: told, and tried again
                log.exception("the stream of events broke")
                self._become("away", GristmillError(f"{type(error).__name__}: {error}"))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_RETRY)

    def _become(self, state: str, error: GristmillError | None = None) -> None:
        message, hint = (error.message, error.hint) if error else (None, None)
        since = self._state.since if state == self._state.state else datetime.now(UTC)
        told = StateMessage(
            state=state,  # type: ignore[arg-type]  # one of three
            since=since,
            message=message,
            hint=hint,
            unisolated=self._unisolated,
        )
        if told != self._state:
            self._state = told
            self._tell(told)

    def _tell(self, message: Message) -> None:
        for listener in self._listeners:
            if not listener.tell(message):
                listener.restart(self._state)
