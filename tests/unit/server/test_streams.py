"""The stream of events, as it is sent."""

from collections.abc import AsyncIterator
from typing import cast

from gristmill.core.database import Database
from gristmill.core.events import Wakeup, append
from gristmill.core.scopes import Actor
from gristmill.server.streams import stream_events
from tests.unit.conftest import TestClock


async def test_who_is_ahead_of_the_log_is_told_so_and_gets_what_comes_next(
    db: Database, clock: TestClock, person: Actor
) -> None:
    wakeup = Wakeup()
    db.on_commit = wakeup.set
    say(db, clock, "before")
    sent = stream_events(person, db, wakeup, clock, after=99_999_999).body_iterator
    body = cast("AsyncIterator[bytes]", sent)
    assert (await anext(body)).startswith(b":")
    assert (await anext(body)).startswith(b"id: 1\nevent: reset\n")
    say(db, clock, "after")
    assert (await anext(body)).startswith(b"id: 2\nevent: after\n")


def say(db: Database, clock: TestClock, kind: str) -> None:
    with db.write() as tx:
        append(tx, project_id="default", time=clock.now(), kind=kind, subject="s")
