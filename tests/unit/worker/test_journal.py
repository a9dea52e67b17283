import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gristmill.runs.model import WorkerEvent, WorkerEventKind
from gristmill.worker.journal import JOURNAL, RESERVE, RESERVED, Journal


def event(n: int, size: int = 10) -> WorkerEvent:
    time = datetime(2026, 3, 1, tzinfo=UTC)
    return WorkerEvent(n=n, kind=WorkerEventKind.PROGRESS, time=time, data={"message": "x" * size})


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file of this process becomes larger; a write that would is cut there, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_event_without_room_leaves_no_part_and_gives_the_reserve_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert (tmp_path / RESERVE).stat().st_size == RESERVED
    journal.append(event(1))
    size = (tmp_path / JOURNAL).stat().st_size
    with files_end_at(size + 100), pytest.raises(OSError, match="too large"):
        journal.append(event(2, size=1000))
    assert (tmp_path / JOURNAL).stat().st_size == size
    assert not (tmp_path / RESERVE).exists()
    journal.append(event(2))
    journal.close()
    lines = (tmp_path / JOURNAL).read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=WorkerEvent).n for line in lines] == [1, 2]
