"""One stream upstream, however many browsers listen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import gristmill_lab.fan as fans
import pytest
from gristmill_lab.control_plane import ControlPlane
from gristmill_lab.fan import Fan, Listener
from gristmill_lab.messages import EventMessage, Message, ResetMessage, StateMessage

from gristmill.client.client import Client
from gristmill.core.errors import UnavailableError
from gristmill.core.wire import Event


class Upstream(ControlPlane):
    """Says what it is told to say, to one reader at a time."""

    def __init__(self) -> None:
        super().__init__(Client)
        self.opened = 0
        self.cursors: list[int | None] = []
        self.unisolated = False
        self.said: asyncio.Queue[Event | Exception] = asyncio.Queue()

    async def is_unisolated(self) -> bool:
        return self.unisolated

    async def events(self, after: int | None, opened: Callable[[], object]) -> AsyncIterator[Event]:
        self.opened += 1
        self.cursors.append(after)
        opened()
        while True:
            said = await self.said.get()
            if isinstance(said, Exception):
                raise said
            yield said


def event(seq: int, kind: str = "run.started") -> Event:
    return Event(seq=seq, project_id="default", time=datetime.now(UTC), kind=kind, subject="run_1")


class Browser:
    """Reads one listener's messages."""

    def __init__(self, fan: Fan, keep_alive: float = 5.0) -> None:
        self.listener = Listener(keep_alive)
        self._messages = fan.listen(self.listener)

    async def next(self) -> Message | None:
        return await anext(self._messages)

    async def until(self, kind: type[Message]) -> Message:
        while not isinstance(found := await self.next(), kind):
            pass
        return found

    async def leave(self) -> None:
        await self._messages.aclose()


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def fan(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Fan:
    monkeypatch.setattr(fans, "RETRY", 0.0)
    return Fan(upstream)


def seq(message: Message | None) -> int:
    assert isinstance(message, EventMessage)
    return message.event.seq


async def test_all_browsers_have_every_event_of_one_stream(fan: Fan, upstream: Upstream) -> None:
    one, other = Browser(fan), Browser(fan)
    for browser in (one, other):
        assert isinstance(await browser.next(), StateMessage)
    await upstream.said.put(event(7))
    assert [seq(await browser.until(EventMessage)) for browser in (one, other)] == [7, 7]
    assert upstream.opened == 1
    await one.leave()
    await upstream.said.put(event(8))
    assert seq(await other.next()) == 8
    await other.leave()


async def test_that_people_are_not_kept_apart_is_told_as_soon_as_it_is_known(fan: Fan, upstream: Upstream) -> None:
    upstream.unisolated = True
    browser = Browser(fan)
    told = await browser.until(StateMessage)
    while not (isinstance(told, StateMessage) and told.state == "ready"):
        told = await browser.until(StateMessage)
    assert told.unisolated
    await browser.leave()


async def test_a_broken_stream_is_told_of_and_goes_on_where_it_was(fan: Fan, upstream: Upstream) -> None:
    browser = Browser(fan)
    await upstream.said.put(event(7))
    assert seq(await browser.until(EventMessage)) == 7
    await upstream.said.put(UnavailableError("gone", hint="wait"))
    away = await browser.until(StateMessage)
    assert isinstance(away, StateMessage)
    assert (away.state, away.message, away.hint) == ("away", "gone", "wait")
    ready = await browser.until(StateMessage)
    assert isinstance(ready, StateMessage)
    assert ready.state == "ready"
    assert upstream.cursors == [None, 7]
    await browser.leave()


async def test_whatever_breaks_the_stream_is_told_and_it_goes_on(fan: Fan, upstream: Upstream) -> None:
    browser = Browser(fan)
    await upstream.said.put(OSError("No space left on device"))
    away = await browser.until(StateMessage)
    while not (isinstance(away, StateMessage) and away.state == "away"):
        away = await browser.until(StateMessage)
    assert "No space left" in (away.message or "")
    await upstream.said.put(event(7))
    assert seq(await browser.until(EventMessage)) == 7
    await browser.leave()


async def test_nothing_is_read_when_nobody_listens(fan: Fan, upstream: Upstream) -> None:
    browser = Browser(fan)
    await browser.next()
    await browser.leave()
    again = Browser(fan)
    await upstream.said.put(event(9))
    assert seq(await again.until(EventMessage)) == 9
    assert upstream.cursors[-1] is None
    await again.leave()


async def test_who_is_too_slow_is_told_to_ask_anew(
    fan: Fan, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fans, "ROOM", 3)
    slow, quick = Browser(fan), Browser(fan)
    await slow.next()
    await quick.next()
    for number in range(1, 6):
        await upstream.said.put(event(number))
        assert seq(await quick.until(EventMessage)) == number
    await slow.until(ResetMessage)
    await slow.leave()
    await quick.leave()


async def test_a_listener_that_is_ended_gets_no_more(fan: Fan) -> None:
    browser = Browser(fan)
    await browser.next()
    browser.listener.end()
    with pytest.raises(StopAsyncIteration):
        await browser.next()


async def test_a_quiet_stream_shows_that_it_lives(fan: Fan) -> None:
    browser = Browser(fan, keep_alive=0.01)
    seen = [await browser.next() for _ in range(4)]
    assert None in seen
    await browser.leave()
