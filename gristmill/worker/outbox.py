"""What a worker has to say, on its way: written down at once, delivered in order by one thread."""

import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from gristmill.core.errors import GristmillError, UnavailableError
from gristmill.core.small_blobs import SmallBlob, travel_together
from gristmill.runs.model import WorkerEvent, WorkerEventsAnswer
from gristmill.worker.bridging import PATIENCE, bridged
from gristmill.worker.journal import Journal
from gristmill.worker.spool import Spool

_BATCH = 100

T = TypeVar("T")


class Receiver(Protocol):
    """The part of `ControlPlane` that takes deliveries."""

    def missing(self, digests: Sequence[str]) -> frozenset[str]: ...

    def put_blob(self, digest: str, path: Path) -> None: ...

    def send(self, events: Sequence[WorkerEvent], blobs: Sequence[SmallBlob]) -> WorkerEventsAnswer: ...


@dataclass(frozen=True)
class _Letter:
    event: WorkerEvent
    blobs: tuple[str, ...]


class Outbox:
    """Delivers events in order of `n`, the blobs that they point to before them.

    While the control plane is away it tries again, for as long as the run goes on and then for `patience` seconds
    more. A refusal is final: nothing more is sent, and `on_refused` is called. What was not delivered stays on disk.
    """

    def __init__(
        self,
        receiver: Receiver,
        journal: Journal,
        spool: Spool,
        *,
        on_cancel: Callable[[], None],
        on_refused: Callable[[], None],
        patience: float = PATIENCE,
        together: bool = True,
    ) -> None:
        self._receiver, self._journal, self._spool = receiver, journal, spool
        self._on_cancel, self._on_refused = on_cancel, on_refused
        self._patience, self._together = patience, together
        self._queue: queue.SimpleQueue[_Letter | None] = queue.SimpleQueue()
        self._closed_at: float | None = None
        self._woken = threading.Event()
        self._delivered = False
        self._thread = threading.Thread(target=self._deliver_all, name="outbox", daemon=True)
        self._thread.start()

    def put(self, event: WorkerEvent, blobs: Sequence[str] = ()) -> None:
        """Returns at once; from then on the event is on disk."""
        self._journal.append(event)
        self._queue.put(_Letter(event, tuple(blobs)))

    def close(self) -> bool:
        """Waits until everything is delivered or given up; whether it was delivered."""
        self._closed_at = time.monotonic()
        self._woken.set()
        self._queue.put(None)
        self._thread.join()
        self._journal.close()
        return self._delivered

    def _deliver_all(self) -> None:
        open_ = True
        try:
            while open_:
                batch, open_ = self._next_batch()
                if batch:
                    self._deliver(batch)
            self._delivered = True
        except UnavailableError as error:
            _say(f"given up after {self._patience:.0f} s: {error.message}")
        except GristmillError as error:
            _say(f"refused: {error.message}")
            self._on_refused()

    def _next_batch(self) -> tuple[list[_Letter], bool]:
        """What waits, at most a batch; False with the last one."""
        batch: list[_Letter] = []
        letter = self._queue.get()
        while letter is not None:
            batch.append(letter)
            if len(batch) == _BATCH:
                return batch, True
            try:
                letter = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _deliver(self, batch: Sequence[_Letter]) -> None:
        blobs = list(dict.fromkeys(digest for letter in batch for digest in letter.blobs))
        along = self._small(blobs) if self._together else {}
        rest = [digest for digest in blobs if digest not in along]
        kept = self._put_blobs(rest) if rest else set()
        events = [letter.event for letter in batch]
        try:
            answer = self._bridged(lambda: self._receiver.send(events, list(along.values())))
        except UnavailableError:
            raise
        except GristmillError:  # it may be one of the blobs that is refused, and no blob keeps events from being told
            if not along:
                raise
            kept |= self._put_blobs(list(along))
            answer = self._bridged(lambda: self._receiver.send(events, []))
        if answer.last < events[-1].n:
            raise GristmillError(f"the control plane takes no more events: it holds {answer.last} of {events[-1].n}")
        for digest in set(blobs) - kept:
            self._spool.drop(digest)
        if answer.cancel:
            self._on_cancel()

    def _small(self, digests: Sequence[str]) -> dict[str, SmallBlob]:
        """Those that travel with the events: as many as one request takes."""
        sizes = {digest: self._spool.size(digest) for digest in digests}
        groups = travel_together((digest, size) for digest, size in sizes.items() if size is not None)
        return {digest: SmallBlob.of(digest, self._spool.path(digest).read_bytes()) for digest in (groups or [[]])[0]}

    def _put_blobs(self, digests: Sequence[str]) -> set[str]:
        """Those that were refused (too large, for one). They do not keep the events from being told."""
        refused = set()
        for digest in self._bridged(lambda: self._receiver.missing(digests)):
            try:
                self._bridged(lambda: self._receiver.put_blob(digest, self._spool.path(digest)))  # noqa: B023  # at once
            except UnavailableError:
                raise
            except GristmillError as error:
                _say(f"blob {digest} was refused: {error.message}")
                refused.add(digest)
        return refused

    def _bridged(self, call: Callable[[], T]) -> T:
        return bridged(call, give_up=self._give_up, pause=self._pause)

    def _give_up(self, failed_for: float) -> bool:
        if self._closed_at is None:
            return False
        return min(failed_for, time.monotonic() - self._closed_at) >= self._patience

    def _pause(self, seconds: float) -> None:
        """Cut short once, when the run ends: what is due then is tried at once."""
        if self._woken.wait(seconds):
            self._woken.clear()


def _say(text: str) -> None:
    print(f"gristmill worker: {text}", file=sys.stderr, flush=True)  # noqa: T201  # the worker's log
