"""Server-sent events (WHATWG HTML, section 9.2): the event log as it grows, resumable at `Last-Event-ID`."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.events import Wakeup, last_seq, read_after
from gristmill.core.http import PROBLEMS, provide, requires, streamed
from gristmill.core.scopes import Actor, Scope
from gristmill.core.wire import Event, EventPage
from gristmill.runs import service as runs

router = APIRouter(prefix="/api", tags=["events"], responses=PROBLEMS)

KEEP_ALIVE = 15.0  # seconds; a comment then tells proxies and readers that the stream lives
POLL = 1.0  # a notification of another control plane on the same database can be lost

DatabaseOf = Annotated[Database, Depends(provide(Database))]
Reader = Annotated[Actor, requires(Scope.READ)]
After = Annotated[int, Query(ge=0, le=2**62, description="Only events behind this sequence number")]


@router.get("/events", summary="Events of the project, oldest first")
def list_events(
    actor: Reader, db: DatabaseOf, after: After = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 500
) -> EventPage:
    with db.read() as tx:
        return read_after(tx, project_id=actor.project_id, after=after, limit=limit)


@router.get(
    "/events/stream",
    summary="Events as they happen",
    response_class=StreamingResponse,
    responses=streamed("text/event-stream", "Server-sent events, until the caller goes"),
)
def stream_events(
    actor: Reader,
    db: DatabaseOf,
    wakeup: Annotated[Wakeup, Depends(provide(Wakeup))],
    clock: Annotated[Clock, Depends(provide(Clock))],
    after: Annotated[int | None, Query(ge=0, le=2**62, description="Default: only what happens from now on")] = None,
    run: Annotated[str | None, Query(description="Only this run's: id, number or name")] = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**62, description="Resumes behind this event")] = None,
) -> StreamingResponse:
    """`text/event-stream`: `id` is the sequence number, `event` the kind, `data` the event as JSON. An event `reset`
    comes first where some that were behind the cursor are not kept any more, or where it is ahead of the log, as
    after a backup was restored: what was known before is to be asked for anew.
    """
    with db.read() as tx:
        subject = runs.find(tx, actor, run).id if run is not None else None
        cursor = last_event_id if last_event_id is not None else after
        start = cursor if cursor is not None else last_seq(tx, actor.project_id)
    body = _stream(db, wakeup, clock, actor.project_id, start, subject)
    return StreamingResponse(body, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _stream(
    db: Database, wakeup: Wakeup, clock: Clock, project_id: str, cursor: int, subject: str | None
) -> AsyncIterator[bytes]:
    def page(after: int) -> EventPage:
        with db.read() as tx:
            return read_after(tx, project_id=project_id, after=after, subject=subject)

    quiet = 0.0
    yield b": events\n\n"
    while True:
        seen = wakeup.ticks
        try:
            found = await run_in_threadpool(page, cursor)
        except UnavailableError as error:
            yield f": {error.title}\n\n".encode()  # the stream goes on where it was when it is back
            await asyncio.sleep(POLL)
            continue
        if found.reset:
            at = min(cursor, found.next)  # what follows has higher numbers, also where the cursor was ahead
            yield _sent(Event(seq=at, project_id=project_id, time=clock.now(), kind="reset", subject="", data={}))
        for event in found.events:
            yield _sent(event)
        if found.events or found.reset:
            cursor, quiet = found.next, 0.0
            continue
        await _news(wakeup, seen)
        quiet += POLL
        if quiet >= KEEP_ALIVE:
            quiet = 0.0
            yield b": alive\n\n"


def _sent(event: Event) -> bytes:
    body = json.dumps(msgspec.to_builtins(event), separators=(",", ":"))
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {body}\n\n".encode()


async def _news(wakeup: Wakeup, seen: int) -> None:
    """Returns when something was committed, or after `POLL`: without holding a thread while it waits."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    with wakeup.listening(lambda: loop.call_soon_threadsafe(news.set)):
        if wakeup.ticks != seen:
            return
        try:
            async with asyncio.timeout(POLL):
                await news.wait()
        except TimeoutError:
            return
