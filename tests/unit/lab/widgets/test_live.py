"""The one thread of all panels: what it tells, whom, how often, and that it ends."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gristmill_lab.calling import Answered
from gristmill_lab.launch import Launched, RunOrder
from gristmill_lab.messages import EventMessage, Message, ResetMessage, StateMessage
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.live import NAME, Live

from gristmill.client.call import Call
from gristmill.core.errors import ConflictError, GristmillError
from gristmill.core.wire import Event
from gristmill.endpoints.model import Endpoint
from tests.waiting import until

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Told(Asking):
    """Says what a test has it say; nothing else is asked of it."""

    def __init__(self) -> None:
        import asyncio

        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.closed = False

    @property
    def through(self) -> str:
        return "by a test"

    def say(self, message: Message) -> None:
        self.loop.call_soon_threadsafe(self.queue.put_nowait, message)

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            yield await self.queue.get()

    async def close(self) -> None:
        self.closed = True

    async def send(self, request: Call[Any]) -> Any:
        raise NotImplementedError

    async def launch(self, notebook: Path, order: RunOrder) -> Launched:
        raise NotImplementedError

    async def predict(self, endpoint: str, body: bytes) -> Answered:
        raise NotImplementedError

    async def delete_endpoint(self, endpoint: str) -> Endpoint:
        raise NotImplementedError


class Seen:
    def __init__(self, kind: str = "run.", error: Exception | None = None, every: float | None = None) -> None:
        self.kind, self.error, self.every = kind, error, every
        self.looks = 0
        self.states: list[str] = []
        self.failures: list[str] = []

    def was_looked_at_again(self) -> bool:
        return self.looks > 1

    def concerns(self, event: Event) -> bool:
        return event.kind.startswith(self.kind)

    async def refresh(self, asking: Asking) -> None:
        self.looks += 1
        if self.error is not None:
            raise self.error

    def told(self, state: StateMessage, through: str) -> None:
        self.states.append(state.state)

    def refreshed(self, error: GristmillError | None) -> None:
        if error is not None:
            self.failures.append(error.message)


def alive() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith(NAME)]


@pytest.fixture
def tellers() -> list[Told]:
    return []


@pytest.fixture
def live(tellers: list[Told]) -> Iterator[Live]:
    async def make() -> Asking:
        tellers.append(Told())
        return tellers[-1]

    yield Live(make, linger=0.05)
    until(lambda: not alive(), what="its thread has ended")


@pytest.fixture
def teller(live: Live, tellers: list[Told]) -> Callable[[], Told]:
    def first() -> Told:
        until(lambda: tellers, what="it is asked how to ask")
        return tellers[0]

    return first


def event(kind: str) -> EventMessage:
    return EventMessage(event=Event(seq=1, project_id="p", time=NOW, kind=kind, subject="run_1"))


def test_who_an_event_concerns_is_refreshed_and_nobody_else(live: Live, teller: Callable[[], Told]) -> None:
    run, endpoint = Seen("run."), Seen("endpoint.")
    live.add(run)
    live.add(endpoint)
    until(lambda: run.looks == 1 and endpoint.looks == 1)
    teller().say(event("run.started"))
    until(lambda: run.looks == 2)
    teller().say(ResetMessage())
    until(lambda: run.looks == 3 and endpoint.looks == 2, what="after a reset all are")
    live.remove(run)
    live.remove(endpoint)


def test_a_flood_of_events_is_a_few_looks(live: Live, teller: Callable[[], Told]) -> None:
    panel = Seen()
    live.add(panel)
    for _ in range(500):
        teller().say(event("run.changed"))
    teller().say(StateMessage(state="away", since=NOW))
    until(lambda: "away" in panel.states)
    assert panel.looks <= 3
    live.remove(panel)


def test_what_is_refused_is_told_to_its_panel_alone_and_the_others_go_on(
    live: Live, teller: Callable[[], Told], caplog: pytest.LogCaptureFixture
) -> None:
    refused, broken, well = Seen(error=ConflictError("no")), Seen(error=KeyError("x")), Seen()
    for panel in (refused, broken, well):
        live.add(panel)
    teller().say(ResetMessage())
    until(lambda: well.looks == 2 and len(broken.failures) == 2)
    assert set(refused.failures) == {"no"}
    assert set(broken.failures) == {"KeyError: 'x'"}
    assert well.failures == []
    assert len(caplog.records) == 1, "a kernel's log is the output of a cell"
    for panel in (refused, broken, well):
        live.remove(panel)


def test_the_thread_ends_with_the_last_panel_and_another_one_begins_later(live: Live, tellers: list[Told]) -> None:
    for turn in (1, 2):
        one, two = Seen(), Seen(every=0.01)
        live.add(one)
        live.add(two)
        until(two.was_looked_at_again, what="it is looked at again by itself")
        assert alive().count(NAME) == 1
        live.remove(one)
        live.remove(two)
        until(lambda: not alive(), what="the thread has ended")
        assert len(tellers) == turn
        assert tellers[-1].closed


def test_an_action_is_done_in_the_thread_and_its_fault_is_the_callers(live: Live) -> None:
    panel = Seen()
    live.add(panel)

    async def where(_: Asking) -> str:
        return threading.current_thread().name

    async def refused(_: Asking) -> None:
        raise ConflictError("not now")

    assert live.submit(where).result(10) == NAME
    with pytest.raises(ConflictError, match="not now"):
        live.submit(refused).result(10)
    live.remove(panel)
