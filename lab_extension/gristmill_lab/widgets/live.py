"""One thread per kernel keeps all its panels up to date, and does what their buttons ask for."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol, TypeVar

from gristmill.core.errors import GristmillError
from gristmill.core.wire import Event
from gristmill_lab.messages import EventMessage, StateMessage
from gristmill_lab.widgets.asking import Asking

T = TypeVar("T")

NAME = "gristmill panels"
LINGER = 2.0  # seconds that it stays without a panel: a cell that is run again has its next one soon
BREATH = 0.25  # seconds between two looks at the same thing, however much happens
log = logging.getLogger(__name__)


class Followed(Protocol):
    """A panel, as the thread sees it. All but `every` is called in that thread."""

    @property
    def every(self) -> float | None:
        """Seconds after which it is to be looked at again though nothing was told to have happened."""

    def concerns(self, event: Event) -> bool: ...
    async def refresh(self, asking: Asking) -> None: ...
    def told(self, state: StateMessage, through: str) -> None: ...
    def refreshed(self, error: GristmillError | None) -> None:
        """How its last `refresh` went."""


class Live:
    """`make` chooses how the control plane is asked, once for each time that the thread starts."""

    def __init__(self, make: Callable[[], Awaitable[Asking]], linger: float = LINGER) -> None:
        self._make, self._linger = make, linger
        self._lock = threading.Lock()
        self._panels: set[Followed] = set()
        self._thread: _Thread | None = None

    def add(self, panel: Followed) -> None:
        with self._lock:
            self._panels.add(panel)
            self._started().look(panel)

    def remove(self, panel: Followed) -> None:
        with self._lock:
            self._panels.discard(panel)
            if not self._panels and self._thread is not None:
                self._thread.left()

    def look(self, panel: Followed) -> None:
        """It is refreshed soon."""
        with self._lock:
            if panel in self._panels:
                self._started().look(panel)

    def submit(self, work: Callable[[Asking], Awaitable[T]]) -> "Future[T]":
        """Done in the thread; what it raises is the future's."""
        with self._lock:
            return self._started().submit(work)

    def _started(self) -> "_Thread":
        if self._thread is None:
            self._thread = _Thread(self._make, self._all, self._may_end, self._linger)
        return self._thread

    def _all(self) -> set[Followed]:
        with self._lock:
            return set(self._panels)

    def _may_end(self) -> bool:
        """Whether there is no panel; whoever comes from now on starts another thread."""
        with self._lock:
            if self._panels:
                return False
            self._thread = None
            return True


class _Thread:
    def __init__(
        self,
        make: Callable[[], Awaitable[Asking]],
        panels: Callable[[], set[Followed]],
        may_end: Callable[[], bool],
        linger: float,
    ) -> None:
        self._make, self._panels, self._may_end, self._linger = make, panels, may_end, linger
        self._loop = asyncio.new_event_loop()
        self._leave = asyncio.Event()
        self._asking: asyncio.Future[Asking] = self._loop.create_future()
        self._state: StateMessage | None = None
        self._looking: dict[Followed, asyncio.Task[None]] = {}
        self._again: set[Followed] = set()
        self._logged: set[str] = set()
        threading.Thread(target=self._run, name=NAME, daemon=True).start()

    # Called from other threads --------------------------------------------------------------------------------------

    def look(self, panel: Followed) -> None:
        self._loop.call_soon_threadsafe(self._look, panel)

    def left(self) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)

    def submit(self, work: Callable[[Asking], Awaitable[T]]) -> "Future[T]":
        async def done() -> T:
            return await work(await asyncio.shield(self._asking))

        return asyncio.run_coroutine_threadsafe(done(), self._loop)

    # In the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_default_executor(ThreadPoolExecutor(2, thread_name_prefix=NAME))
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _main(self) -> None:
        asking = await self._make()
        self._asking.set_result(asking)
        following = asyncio.create_task(self._follow(asking))
        try:
            while True:
                await self._leave.wait()
                self._leave.clear()
                await asyncio.sleep(self._linger)
                if self._may_end():
                    return
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in (following, *others):
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asking.close()

    async def _follow(self, asking: Asking) -> None:
        async for message in asking.messages():
            if isinstance(message, EventMessage):
                for panel in self._panels():
                    if panel.concerns(message.event):
                        self._look(panel)
                continue
            if isinstance(message, StateMessage):
                self._state = message
                for panel in self._panels():
                    panel.told(message, asking.through)
                if message.state != "ready":
                    continue
            for panel in self._panels():
                self._look(panel)

    def _look(self, panel: Followed) -> None:
        if panel in self._looking:
            self._again.add(panel)
        elif panel in self._panels():
            self._looking[panel] = asyncio.ensure_future(self._refresh(panel), loop=self._loop)

    async def _refresh(self, panel: Followed) -> None:
        asking = await asyncio.shield(self._asking)
        if self._state is not None:
            panel.told(self._state, asking.through)
        while True:
            self._again.discard(panel)
            try:
                await panel.refresh(asking)
            except GristmillError as error:
                panel.refreshed(error)
            except Exception as error:  # noqa: BLE001  # shown, logged, and looked at again with the next event
                self._log_once(error)
                panel.refreshed(GristmillError(f"{type(error).__name__}: {error}"))
            else:
                panel.refreshed(None)
            await asyncio.sleep(BREATH)
            if panel not in self._again:
                break
        del self._looking[panel]
        if panel.every is not None and panel in self._panels():
            with suppress(RuntimeError):  # the loop is closing
                self._loop.call_later(panel.every, self._look, panel)

    def _log_once(self, error: Exception) -> None:
        """A kernel's log is the output of a cell."""
        if (said := repr(error)) not in self._logged:
            self._logged.add(said)
            log.error("a panel could not be refreshed", exc_info=error)
