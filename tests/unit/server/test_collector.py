"""A round of garbage collection over real rows and files."""

import gc
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from gristmill.core import blobs, events, tokens
from gristmill.core.blobs import BlobStore, digest_of
from gristmill.core.database import Database
from gristmill.core.errors import NotFoundError, UnavailableError
from gristmill.core.events import read_after
from gristmill.core.ids import new_id
from gristmill.core.lease import Leadership
from gristmill.core.pace import Pace
from gristmill.core.scopes import WORKER_SCOPES, Actor, ActorKind
from gristmill.core.settings import Settings
from gristmill.notebooks.model import ParameterSchema
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.projects.model import DEFAULT_PROJECT
from gristmill.runs import service as runs
from gristmill.runs import store as run_store
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.model import Attempt, Run, RunRequest, RunState
from gristmill.server.collector import Collector, Sense
from gristmill.snapshots import service as snapshots
from gristmill.snapshots.model import Snapshot, SnapshotFile, SnapshotRequest
from tests.unit.conftest import TestClock
from tests.waiting import until

DAY = 24 * 3600.0
CATALOGUE = Catalogue(
    profiles=(Profile(name="small", resources=Resources(cpu=1, memory=2**30), default=True),),
    capacity=Resources(cpu=2, memory=2**31),
    source="test",
)
FACTS = snapshots.NotebookFacts(schema=ParameterSchema(language="python", cell=None), kernel="python3")


class Home:
    """What clients, workers and the collector do to one database and one folder of blobs."""

    def __init__(self, folder: Path, db: Database, clock: TestClock, actor: Actor) -> None:
        self.db, self.clock, self.actor = db, clock, actor
        self.settings = Settings(home=folder, blob_grace=DAY, events_kept=30 * DAY)
        self.blobs = BlobStore(str(self.settings.blobs), max_bytes=10**6)
        self.leader = Leadership(db, clock, "me")
        self.leader.take_over()
        self.executor = LocalExecutor(self.settings.attempts)
        self.collector = self.make_collector()

    def make_collector(self) -> Collector:
        return Collector(self.db, self.leader, self.blobs, self.executor, self.settings, self.clock)

    def collect(self, *, dry_run: bool = False) -> int:
        """How many blobs went."""
        self.collector.begin(dry_run=dry_run)
        while self.collector.step():
            pass
        assert self.collector.state.failed is None
        return self.collector.state.blobs

    def put(self, content: bytes) -> str:
        digest = digest_of(content)
        with self.db.write() as tx:
            blobs.expect(tx, project_id=DEFAULT_PROJECT, digest=digest, now=self.clock.now())
        self.blobs.put(digest, [content])
        with self.db.write() as tx:
            blobs.remember(tx, project_id=DEFAULT_PROJECT, digest=digest, size=len(content), now=self.clock.now())
        return digest

    def holds(self, digest: str) -> bool:
        with self.db.read() as tx:
            known = digest in blobs.held(tx, DEFAULT_PROJECT, [digest])
        assert not known or self.blobs.has(digest), "a row promises bytes that are not there"
        return known

    def snapshot(self, *contents: bytes) -> Snapshot:
        digests = [self.put(content) for content in contents]
        files = tuple(SnapshotFile(path=f"{n}.py", digest=one, size=1) for n, one in enumerate(digests))
        request = SnapshotRequest(notebook="0.py", files=files)
        with self.db.write() as tx:
            return snapshots.create(tx, self.actor, request, FACTS, self.clock)

    def run(self, snapshot: Snapshot) -> Run:
        with self.db.write() as tx:
            request = RunRequest(snapshot=snapshot.id)
            return runs.create(tx, self.actor, request, snapshot, catalogue=CATALOGUE, max_queued=100, clock=self.clock)

    def end(self, run: Run) -> None:
        with self.db.write() as tx:
            runs.cancel(tx, self.actor, run.id, self.clock)


@pytest.fixture
def home(tmp_path: Path, db: Database, clock: TestClock, person: Actor) -> Home:
    return Home(tmp_path, db, clock, person)


def test_what_runs_refer_to_stays_and_what_nothing_refers_to_goes(home: Home) -> None:
    run = home.run(home.snapshot(b"notebook", b"module"))
    orphan, other = home.put(b"orphan"), home.put(b"other")
    with home.db.write() as tx:
        events.append(
            tx, project_id=DEFAULT_PROJECT, time=home.clock.now(), kind="log", subject=run.id, data={"digest": other}
        )
    home.clock.advance(2 * DAY)
    new = home.put(b"new")
    assert home.collect(dry_run=True) == 1
    assert home.holds(orphan)
    assert home.collect() == 1
    assert home.collector.state.bytes == len(b"orphan")
    assert not home.blobs.has(orphan)
    assert all(home.holds(digest) for digest in (digest_of(b"notebook"), digest_of(b"module"), other, new))
    assert home.collect() == 0


def test_a_deleted_run_gives_its_space_back(home: Home) -> None:
    """Its snapshot too, but not one that another run was made of, nor one that was made just now."""
    shared, own = home.snapshot(b"shared"), home.snapshot(b"own")
    doomed, staying = home.run(own), home.run(shared)
    home.end(doomed)
    with home.db.write() as tx:
        runs.delete(tx, home.actor, doomed.id, home.clock)
    home.clock.advance(2 * DAY)
    fresh = home.snapshot(b"fresh")
    assert home.collect() == 1
    assert home.collector.state.snapshots == 1
    assert not home.blobs.has(digest_of(b"own"))
    assert home.holds(digest_of(b"shared"))
    assert home.run(fresh).snapshot == fresh.id
    assert home.run(shared).snapshot == staying.snapshot
    with pytest.raises(NotFoundError, match="was removed"):
        home.run(own)


def test_a_run_and_the_removal_of_its_snapshot_cannot_both_be(home: Home) -> None:
    old = home.snapshot(b"old")
    home.clock.advance(2 * DAY)
    before = home.clock.now()
    home.clock.advance(1)
    run = home.run(old)  # after the collector has seen that there is none
    home.end(run)
    with home.db.write() as tx:
        assert snapshots.forget(tx, [old.id], before) == 0


@pytest.mark.parametrize("jump", [-3600.0, -10 * DAY, DAY + 1, 400 * DAY])
def test_a_clock_that_jumps_makes_nothing_old(home: Home, jump: float) -> None:
    """An hour back, a day forward: what was put just before or just after is still under way."""
    home.clock.advance(3600)
    before = home.put(b"before")
    home.clock.time = home.clock.time.fromtimestamp(home.clock.time.timestamp() + jump, home.clock.time.tzinfo)
    after = home.put(b"after")
    with home.db.write() as tx:
        events.append(tx, project_id=DEFAULT_PROJECT, time=home.clock.now(), kind="k", subject="s")
    home.clock.seconds += 60
    assert home.collect() == 0
    assert home.holds(before)
    assert home.holds(after)
    assert home.collector.state.events == 0


def test_the_time_that_is_sensed_is_never_later_than_lived(clock: TestClock) -> None:
    sense = Sense(clock)
    began = clock.now()
    clock.time = clock.time.replace(year=2030)
    assert sense.now() == began
    clock.advance(60)
    assert (sense.now() - began).total_seconds() == 60


def test_a_round_comes_by_itself_and_rarely(home: Home) -> None:
    home.put(b"orphan")
    assert not home.collector.step()
    home.clock.advance(2 * DAY)
    while home.collector.step():
        pass
    assert home.collector.state.blobs == 1
    home.clock.advance(60)
    assert not home.collector.step()
    assert not home.collector.state.running


def test_a_follower_collects_nothing(home: Home) -> None:
    other = Collector(
        home.db, Leadership(home.db, home.clock, "other"), home.blobs, home.executor, home.settings, home.clock
    )
    with pytest.raises(UnavailableError, match="leads"):
        other.begin()


def test_a_leader_that_is_none_any_more_removes_no_bytes(home: Home) -> None:
    """A control plane that was paused in the middle: another one has finished its work, and the blob came anew."""
    digest = home.put(b"old")
    home.clock.advance(2 * DAY)
    collector = home.collector
    taken: list[dict[str, int]] = []

    def paused(leaving: dict[str, int]) -> None:
        taken.append(leaving)

    collector._remove, remove = paused, collector._remove  # type: ignore[method-assign]
    assert home.collect() == 1
    Leadership(home.db, home.clock, "other").take_over()
    successor = Leadership(home.db, home.clock, "third")
    successor.take_over()
    finishing = replace(collector, leader=successor)
    finishing.begin()
    while finishing.step():
        pass
    assert home.put(b"old") == digest
    with pytest.raises(Exception, match="no longer leads"):
        remove(taken[0])
    assert home.holds(digest)


def test_what_a_killed_collector_began_is_finished_or_undone(home: Home) -> None:
    gone, wanted = home.put(b"gone"), home.put(b"wanted")
    home.clock.advance(2 * DAY)
    ended: list[dict[str, int]] = []
    home.collector._remove = ended.append  # type: ignore[assignment, method-assign]  # it ends here
    home.run(home.snapshot(b"wanted"))
    assert home.collect() == 1
    home.blobs.set_aside(wanted)  # it was set aside by one that ended before it could bring it back
    assert not home.blobs.has(wanted)
    home.collector = home.make_collector()
    home.collect()
    assert not home.blobs.has(gone)
    assert home.holds(wanted)
    assert home.put(b"gone") == gone
    assert home.holds(gone)


def test_bytes_of_which_no_row_knows_and_half_written_ones_go(home: Home) -> None:
    stray = home.blobs.put_bytes(b"stray")
    half = home.settings.blobs / "incoming" / "0123"
    half.write_bytes(b"half")
    for path in (half, *(home.settings.blobs / "sha256").rglob("*")):
        os.utime(path, (0, 0))
    fresh = home.blobs.put_bytes(b"fresh")
    far = home.clock.now().timestamp() + 10 * DAY
    for path in (home.settings.blobs / "sha256").rglob(fresh[-62:]):
        os.utime(path, (far, far))
    home.collect()
    assert not home.blobs.has(stray)
    assert not half.exists()
    assert home.blobs.has(fresh), "its row may be about to be written"


def test_folders_of_attempts_that_are_over_and_revoked_tokens_go(home: Home) -> None:
    run = home.run(home.snapshot(b"notebook"))
    ids = {name: new_id("attempt", home.clock.now()) for name in ("open", "closed", "deleted")}
    for number, name in enumerate(("open", "closed")):
        attempt = Attempt(
            id=ids[name],
            project_id=DEFAULT_PROJECT,
            run_id=run.id,
            number=number,
            state=RunState.STARTING,
            created_at=home.clock.now(),
        )
        with home.db.write() as tx:
            run_store.insert_attempt(tx, attempt)
            tokens.issue(
                tx,
                project_id=DEFAULT_PROJECT,
                kind=ActorKind.WORKER,
                name=name,
                scopes=WORKER_SCOPES,
                now=home.clock.now(),
                subject=attempt.id,
            )
            if name == "closed":
                runs.close_attempt(tx, attempt, home.clock)
    for attempt_id in ids.values():
        (home.settings.attempts / attempt_id).mkdir(parents=True)
    home.clock.advance(40 * DAY)
    home.collect()
    assert home.collector.state.folders == 2
    assert home.collector.state.tokens == 1
    assert [path.name for path in home.settings.attempts.iterdir()] == [ids["open"]]
    with home.db.read() as tx:
        assert tx.scalars(sa.select(tokens.actors.c.name).where(tokens.actors.c.kind == "worker")).all() == ["open"]


def test_a_reader_whose_place_is_not_kept_any_more_is_told(home: Home) -> None:
    def tell(count: int) -> None:
        for _ in range(count):
            with home.db.write() as tx:
                events.append(tx, project_id=DEFAULT_PROJECT, time=home.clock.now(), kind="k", subject="s")

    tell(5)
    home.clock.advance(31 * DAY)
    tell(2)
    home.collect()
    assert home.collector.state.events == 5
    with home.db.read() as tx:
        assert not read_after(tx, project_id=DEFAULT_PROJECT, after=0).reset, "it asks for what there is"
        behind = read_after(tx, project_id=DEFAULT_PROJECT, after=3)
        assert (behind.reset, [event.seq for event in behind.events]) == (True, [6, 7])
        assert not read_after(tx, project_id=DEFAULT_PROJECT, after=5).reset
        assert read_after(tx, project_id=DEFAULT_PROJECT, after=3, subject="none").next == 5
    tell(1)
    with home.db.read() as tx:
        assert [event.seq for event in read_after(tx, project_id=DEFAULT_PROJECT, after=7).events] == [8]


def test_a_turn_of_the_loop_is_not_held_up(home: Home) -> None:
    """Ten thousand events and a thousand blobs, in slices."""
    for n in range(20):
        with home.db.write() as tx:
            for m in range(500):
                data = {"digest": digest_of(b"%d %d" % (n, m)), "text": "x" * 200}
                events.append(tx, project_id=DEFAULT_PROJECT, time=home.clock.now(), kind="k", subject="s", data=data)
    with home.db.write() as tx:
        for n in range(1000):
            content = b"%d" % n
            blobs.remember(tx, project_id=DEFAULT_PROJECT, digest=digest_of(content), size=1, now=home.clock.now())
    home.clock.advance(2 * DAY)
    home.collector.begin()
    longest, steps, pace = 0.0, 0, Pace.BUSY
    gc.collect()
    gc.disable()  # the garbage is that of all tests before this one
    try:
        while pace is Pace.BUSY:
            began = time.thread_time()
            pace = home.collector.step()
            longest, steps = max(longest, time.thread_time() - began), steps + 1
    finally:
        gc.enable()
    assert home.collector.state.blobs == 1000
    assert steps > 1, "in slices"
    assert longest < 0.1  # of this thread's own time: others have the machine too


def test_a_snapshot_that_was_taken_in_has_all_its_blobs_whatever_is_collected(home: Home) -> None:
    """Clients that ask, put and refer, one that deletes, and a collector that never stops, side by side. The clock
    goes on as fast as it may: nobody takes longer than the grace period from being told to referring.
    """
    grace = DAY
    contents = [b"content %d" % n for n in range(60)]
    began: dict[str, float] = {}
    lock, stop = threading.Lock(), threading.Event()
    broken: list[str] = []
    made = [0]

    def client(name: str, seed: int) -> None:
        random = Random(seed)  # noqa: S311  # it guards nothing
        while not stop.is_set():
            mine = random.sample(contents, 3)
            with lock:
                began[name] = home.clock.time.timestamp()
            snapshot = _snapshot_of(home, mine)
            if snapshot is not None:
                made[0] += 1
                broken.extend(digest for digest in map(digest_of, mine) if not home.holds(digest))
            with lock:
                del began[name]

    def guarded(act: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                act()
            except BaseException as error:
                broken.append(repr(error))
                stop.set()
                raise

        return run

    threads = [threading.Thread(target=guarded(lambda n=n: client(f"client {n}", n))) for n in range(4)]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    removed = 0
    try:
        for _ in range(40):
            seen = made[0]
            until(lambda seen=seen: stop.is_set() or made[0] > seen + 2, what="clients go on")  # type: ignore[misc]
            with lock:
                limit = min(began.values(), default=home.clock.time.timestamp()) + grace
                room = max(0.0, limit - home.clock.time.timestamp() - 1)
                home.clock.advance(min(room, grace / 2))
            removed += home.collect()
            assert not stop.is_set()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert broken == []
    assert made[0] > 10
    assert removed > 10


def _snapshot_of(home: Home, contents: list[bytes]) -> Snapshot | None:
    """What a client does: it asks what lacks, sends that, refers to all. Then its run is deleted, and it forgets."""
    digests = [digest_of(content) for content in contents]
    with home.db.write() as tx:
        held = blobs.hold(tx, DEFAULT_PROJECT, digests, home.clock.now())
    for content, digest in zip(contents, digests, strict=True):
        while digest not in held:
            try:
                held = {**held, home.put(content): 1}
            except blobs.BlobLeavingError:
                continue
    sizes = {digest: len(content) for digest, content in zip(digests, contents, strict=True)}
    files = tuple(SnapshotFile(path=f"{n}.py", digest=one, size=sizes[one]) for n, one in enumerate(digests))
    request = SnapshotRequest(notebook="0.py", files=files)
    with home.db.write() as tx:
        snapshots.hold_blobs(tx, home.actor, request, home.clock)
        return snapshots.create(tx, home.actor, request, FACTS, home.clock)
