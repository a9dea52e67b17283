"""Garbage collection: what nothing refers to any more is removed, in slices between which the control loop goes on.

A round reads every reference and removes the blobs that none named (`core.collection` says why that is safe beside
writers), then what else is over: snapshots without runs, events that are not kept for longer, revoked tokens, folders
of attempts that are closed, and what a killed process has left half written. Logs are cut to their ends.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gristmill.core import blobs, collection, events, tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import UnavailableError
from gristmill.core.events import SEQUENCE_OWNER
from gristmill.core.lease import Leadership
from gristmill.core.pace import Pace
from gristmill.core.processes import exclusive, trim
from gristmill.core.settings import Settings
from gristmill.core.wire import Collection
from gristmill.runs import leftovers
from gristmill.runs import service as runs
from gristmill.runs.executors.base import Executor
from gristmill.snapshots import service as snapshots

log = logging.getLogger(__name__)

LOCK = "collection.lock"  # in the home: who holds it wants no blob to go meanwhile
SLICE = 0.03  # seconds of one turn of the control loop
FIRST, EVERY = 600.0, 6 * 3600.0  # seconds of this process until its first round, and from one to the next
WINDOW = 100_000  # digests that are held in memory against all references; more take another reading of these
PORTION = 50  # blobs whose rows go in one transaction
MOST_ROWS = 2_000
PAGE = 2**18  # characters of references that are read at once, about
TOKENS_KEPT = timedelta(days=30)  # who comes with one that was revoked is told so, and not taken for a stranger


class Sense:
    """The time that neither a clock put forward nor one put back makes later than it can be."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._then, self._began = clock, clock.now(), clock.monotonic()

    def now(self) -> datetime:
        lived = timedelta(seconds=self._clock.monotonic() - self._began)
        return min(self._clock.now(), self._then + lived)


@dataclass
class Collector:
    """`step` is one of the control loop's. A round that fails is logged and begun anew when the next one is due."""

    db: Database
    leader: Leadership
    blobs: BlobStore
    executor: Executor
    settings: Settings
    clock: Clock
    budget: float = SLICE
    logs: tuple[Path, ...] = ()
    _round: Iterator[None] | None = None
    _state: Collection = field(default_factory=lambda: Collection(running=False))
    _asked: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._sense = Sense(self.clock)
        self._due = self.clock.monotonic() + FIRST

    @property
    def state(self) -> Collection:
        """Of the round that is under way, or of the last one."""
        return self._state

    def begin(self, *, dry_run: bool = False) -> Collection:
        """Starts a round, unless one is under way: then that one is it.

        Raises:
            UnavailableError: another control plane leads, and collects.
        """
        if not self.leader.leading:
            raise UnavailableError("another control plane leads", hint="Ask that one, or stop it.")
        with self._asked:
            if not self._state.running:
                self._state = Collection(running=True, dry_run=dry_run, started_at=self.clock.now())
                self._round = self._work(dry_run=dry_run)
        return self._state

    def step(self) -> Pace:
        """At most a slice of a round; busy while one is under way."""
        if self._round is None:
            if self.clock.monotonic() < self._due:
                return Pace.IDLE
            self.begin()
        self._due = self.clock.monotonic() + EVERY
        until = time.monotonic() + self.budget
        try:
            while time.monotonic() < until:
                if next(self._round or iter(()), _OVER) is _OVER:
                    self._end()
                    return Pace.IDLE
        except BaseException as error:
            self._end(str(error))
            raise
        return Pace.BUSY

    def _end(self, failed: str | None = None) -> None:
        with self._asked:
            self._round = None
            self._state = replace(self._state, running=False, ended_at=self.clock.now(), failed=failed)
        log.info("garbage collection: %s", self._state)

    def _count(self, **by: int) -> None:
        self._state = replace(self._state, **{name: getattr(self._state, name) + more for name, more in by.items()})

    def _work(self, *, dry_run: bool) -> Iterator[None]:
        grace = max(timedelta(seconds=self.settings.blob_grace), 2 * blobs.TOUCH_EVERY)
        before = self._sense.now() - grace
        if not dry_run:
            yield from self._recover()
            yield from self._tidy(before)
        yield from self._snapshots(before, dry_run=dry_run)
        yield from self._attempts(dry_run=dry_run)
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            unnamed: set[bytes] = set()
            while after is not None and len(unnamed) < WINDOW:
                with self.db.read() as tx:
                    found, after = collection.idle(tx, after, before, MOST_ROWS)
                unnamed.update(bytes.fromhex(digest.removeprefix("sha256:")) for digest in found)
                yield
            yield from self._spare(unnamed)
            yield from self._sweep(sorted(unnamed), before, dry_run=dry_run)
        if not dry_run:
            yield from self._strays(before)

    def _spare(self, unnamed: set[bytes]) -> Iterator[None]:
        """Takes what is referred to out of the set."""
        for place in collection.places():
            after: tuple[Any, ...] | None = None
            limit = 10
            while unnamed:
                with self.db.read() as tx:
                    found = place.named(tx, after, limit)
                unnamed -= found.digests
                yield
                if (after := found.next) is None:
                    break
                # Some rows are a few bytes long, some a megabyte.
                limit = min(2 * limit, MOST_ROWS) if found.read < PAGE else max(limit // 2, 1)

    def _sweep(self, unnamed: list[bytes], before: datetime, *, dry_run: bool) -> Iterator[None]:
        for start in range(0, len(unnamed), PORTION):
            digests = [f"sha256:{one.hex()}" for one in unnamed[start : start + PORTION]]
            if dry_run:
                with self.db.read() as tx:
                    leaving = collection.removable(tx, digests, before)
            else:
                with self.leader.write() as tx:
                    leaving = collection.leave(tx, digests, before)
                self._remove(leaving)
            self._count(blobs=len(leaving), bytes=sum(leaving.values()))
            yield

    def _remove(self, leaving: dict[str, int]) -> None:
        """The bytes are set aside before the rows go, and back if it was not for this process to remove them.

        Raises:
            UnavailableError: a backup is being made, in which rows that go now are.
        """
        with exclusive(self.settings.home / LOCK) as alone:
            if not alone:
                raise UnavailableError("a backup is being made", hint="Collect again when it is done.")
            self._remove_now(leaving)

    def _remove_now(self, leaving: dict[str, int]) -> None:
        for digest in leaving:
            self.blobs.set_aside(digest)
        try:
            with self.leader.write() as tx:
                collection.gone(tx, leaving)
        except BaseException:
            for digest in leaving:
                self.blobs.bring_back(digest)
            raise
        for digest in leaving:
            self.blobs.discard(digest)

    def _recover(self) -> Iterator[None]:
        """What a control plane was about when it ended is done now, or undone."""
        with self.db.read() as tx:
            leaving = sorted(collection.leaving(tx))
        for start in range(0, len(leaving), PORTION):
            self._remove(dict.fromkeys(leaving[start : start + PORTION], 0))
            yield
        for digest in self.blobs.aside():
            with self.db.read() as tx:
                wanted = collection.is_held(tx, digest)
            (self.blobs.bring_back if wanted else self.blobs.discard)(digest)
            yield

    def _tidy(self, before: datetime) -> Iterator[None]:
        kept = self._sense.now() - timedelta(seconds=self.settings.events_kept)
        yield from self._portions("events", lambda tx: events.expire(tx, kept, MOST_ROWS // 4))
        revoked = self._sense.now() - TOKENS_KEPT
        yield from self._portions("tokens", lambda tx: tokens.forget(tx, revoked, PORTION))
        self._count(bytes=self.blobs.remove_unfinished(before))
        for path in (*self.logs, *self.settings.endpoints.glob("*/supervisor.log")):
            trim(path)
            yield

    def _portions(self, name: str, remove: Callable[[Any], int]) -> Iterator[None]:
        removed = -1
        while removed:
            with self.leader.write() as tx:
                removed = remove(tx)
            self._count(**{name: removed})
            yield

    def _snapshots(self, before: datetime, *, dry_run: bool) -> Iterator[None]:
        after: str | None = ""
        while after is not None:
            with self.db.read() as tx:
                unused, after = snapshots.unused(tx, after, before, MOST_ROWS // 4)
                left = sorted(set(unused) - runs.made_of(tx, unused))
            removed = len(left)
            if left and not dry_run:
                with self.leader.write() as tx:
                    removed = snapshots.forget(tx, sorted(set(left) - runs.made_of(tx, left)), before)
            self._count(snapshots=removed)
            yield

    def _attempts(self, *, dry_run: bool) -> Iterator[None]:
        for attempt in self.executor.left():
            self._count(folders=leftovers.forget_closed(self.db, self.executor, attempt, dry_run=dry_run))
            yield

    def _strays(self, before: datetime) -> Iterator[None]:
        """Bytes of which no row knows: a process ended between the two."""
        for part in self.blobs.parts():
            found = list(self.blobs.stored(part, before).items())
            for start in range(0, len(found), PORTION):
                some = dict(found[start : start + PORTION])
                with self.db.read() as tx:
                    unknown = collection.unknown(tx, some)
                if unknown:
                    with self.leader.write() as tx:
                        leaving = collection.leave_unknown(tx, SEQUENCE_OWNER, unknown, self.clock.now())
                    self._remove(leaving)
                    self._count(blobs=len(leaving), bytes=sum(leaving.values()))
                yield
            yield


_OVER = object()
