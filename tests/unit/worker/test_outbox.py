import functools
import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gristmill.core.errors import ConflictError, GristmillError, TooLargeError, UnavailableError
from gristmill.core.small_blobs import SMALL_BLOB, SMALL_BLOBS, SmallBlob
from gristmill.runs.model import WorkerEvent, WorkerEventKind, WorkerEventsAnswer
from gristmill.worker.journal import Journal
from gristmill.worker.outbox import Outbox
from gristmill.worker.spool import Spool
from tests.waiting import until

LARGE = b"l" * (SMALL_BLOB + 1)


class Receiver:
    """Takes what it is sent, unless it was told to raise."""

    def __init__(self) -> None:
        self.events: list[int] = []
        self.blobs: dict[str, bytes] = {}
        self.refuses_along = False
        self.along: list[str] = []  # those that came with events
        self.raising: list[GristmillError] = []
        self.blob_error: GristmillError | None = None
        self.cancel = False
        self.ignores = False
        self.tried = 0

    def missing(self, digests: Sequence[str]) -> frozenset[str]:
        self._raise()
        return frozenset(digests) - self.blobs.keys()

    def put_blob(self, digest: str, path: Path) -> None:
        self._raise()
        if self.blob_error:
            raise self.blob_error
        self.blobs[digest] = path.read_bytes()

    def send(self, events: Sequence[WorkerEvent], blobs: Sequence[SmallBlob]) -> WorkerEventsAnswer:
        self._raise()
        if blobs and self.refuses_along:
            raise TooLargeError("a body that large is not allowed")
        self.along += [one.digest for one in blobs]
        self.blobs.update({one.digest: one.content for one in blobs})
        if not self.ignores:
            self.events += [event.n for event in events]
        return WorkerEventsAnswer(last=len(self.events), cancel=self.cancel)

    def _raise(self) -> None:
        self.tried += 1
        if self.raising:
            raise self.raising.pop(0)


class Sender:
    def __init__(self, folder: Path, patience: float = 30.0) -> None:
        self.folder = folder
        self.receiver = Receiver()
        self.spool = Spool(folder)
        self.cancelled = threading.Event()
        self.refused = threading.Event()
        self.outbox = Outbox(
            self.receiver,
            Journal(folder),
            self.spool,
            on_cancel=self.cancelled.set,
            on_refused=self.refused.set,
            patience=patience,
        )
        self.n = 0

    def put(self, *blobs: bytes) -> None:
        self.n += 1
        event = WorkerEvent(n=self.n, kind=WorkerEventKind.LOG, time=datetime(2026, 1, 1, tzinfo=UTC))
        self.outbox.put(event, [self.spool.put(blob) for blob in blobs])

    def journal(self) -> list[int]:
        lines = (self.folder / "journal.jsonl").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=WorkerEvent).n for line in lines]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Sender]:
    return functools.partial(Sender, tmp_path)


def test_events_arrive_in_order_with_their_blobs(make: Callable[..., Sender]) -> None:
    """Delivered blobs are kept no longer; the journal is."""
    sender = make()
    for number in range(250):
        sender.put(f"{number % 7}".encode())
    assert sender.outbox.close()
    assert sender.receiver.events == list(range(1, 251))
    assert set(sender.receiver.blobs.values()) == {f"{number}".encode() for number in range(7)}
    assert list((sender.folder / "blobs").iterdir()) == []
    assert sender.journal() == list(range(1, 251))


def test_an_event_is_on_disk_before_it_is_sent(make: Callable[..., Sender]) -> None:
    sender = make()
    sender.receiver.raising = [UnavailableError("away")] * 1000
    sender.put(b"content")
    assert sender.journal() == [1]
    digest = hashlib.sha256(b"content").hexdigest()
    assert (sender.folder / "blobs" / digest).read_bytes() == b"content"
    sender.receiver.raising.clear()
    assert sender.outbox.close()


def test_away_is_tried_again_for_as_long_as_the_run_goes_on(make: Callable[..., Sender]) -> None:
    """Patience only counts from the end of the run."""
    sender = make(patience=0.0)
    sender.receiver.raising = [UnavailableError("away")] * 3
    sender.put()
    until(lambda: sender.receiver.events == [1], what="the delivery")
    assert sender.outbox.close()


def test_after_the_end_patience_is_bounded_and_all_stays_on_disk(make: Callable[..., Sender]) -> None:
    sender = make(patience=0.3)
    sender.receiver.raising = [UnavailableError("away")] * 1000
    sender.put(b"content")
    assert not sender.outbox.close()
    assert sender.receiver.tried > 1
    assert sender.journal() == [1]
    assert len(list((sender.folder / "blobs").iterdir())) == 1
    assert not sender.refused.is_set()


def test_a_refusal_is_final(make: Callable[..., Sender]) -> None:
    sender = make()
    sender.receiver.raising = [ConflictError("over")]
    sender.put()
    assert sender.refused.wait(10)
    sender.put()
    assert not sender.outbox.close()
    assert sender.receiver.events == []
    assert sender.journal() == [1, 2]


def test_a_control_plane_that_takes_no_more_events_has_refused(make: Callable[..., Sender]) -> None:
    """It answers well, and its last number stays behind: it has given the attempt up."""
    sender = make()
    sender.receiver.ignores = True
    sender.put()
    assert sender.refused.wait(10)
    assert not sender.outbox.close()


def test_a_refused_blob_does_not_keep_events_back(make: Callable[..., Sender]) -> None:
    sender = make()
    sender.receiver.blob_error = TooLargeError("too large")
    sender.put(LARGE)
    assert sender.outbox.close()
    assert sender.receiver.events == [1]
    assert len(list((sender.folder / "blobs").iterdir())) == 1


def test_small_blobs_come_with_the_events_that_point_to_them(make: Callable[..., Sender]) -> None:
    sender = make()
    sender.receiver.blob_error = TooLargeError("only large ones are sent alone, and none is expected")
    sender.put(b"small", b"s" * SMALL_BLOB)
    assert sender.outbox.close()
    assert len(sender.receiver.along) == 2
    assert list((sender.folder / "blobs").iterdir()) == []


def test_large_blobs_and_those_that_one_request_has_no_room_for_come_before(make: Callable[..., Sender]) -> None:
    sender = make()
    small = [bytes([number]) * SMALL_BLOB for number in range(SMALL_BLOBS // SMALL_BLOB + 1)]
    sender.put(LARGE, *small)
    assert sender.outbox.close()
    assert sender.receiver.along == ["sha256:" + hashlib.sha256(one).hexdigest() for one in small[:-1]]
    assert set(sender.receiver.blobs.values()) == {LARGE, *small}


def test_a_refused_small_blob_does_not_keep_events_back(make: Callable[..., Sender]) -> None:
    """Nor those that are not refused once they come alone."""
    sender = make()
    sender.receiver.refuses_along = True
    sender.put(b"small")
    sender.put(b"other")
    assert sender.outbox.close()
    assert sender.receiver.events == [1, 2]
    assert set(sender.receiver.blobs.values()) == {b"small", b"other"}


def test_the_answer_may_ask_for_a_cancel(make: Callable[..., Sender]) -> None:
    sender = make()
    sender.receiver.cancel = True
    sender.put()
    assert sender.cancelled.wait(10)
    assert sender.outbox.close()
