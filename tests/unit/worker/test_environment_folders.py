"""Where environments are made: whole or not at all, and never removed under who uses them."""

import fcntl
import os
from pathlib import Path

import pytest

from gristmill.worker.environments.folders import Folders

DIGESTS = [f"sha256:{number:064x}" for number in range(3)]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """With three environments of 1000 bytes each, the first one used longest ago."""
    folders = Folders(tmp_path / "environments")
    for age, digest in enumerate(reversed(DIGESTS)):
        with folders.locked(digest):
            unfinished = folders.unfinished(digest)
            unfinished.mkdir()
            (unfinished / "content").write_bytes(b"x" * 1000)
            assert not folders.is_there(digest)
            folders.settle(unfinished, digest, packages=1)
        os.utime(folders.path(digest).with_suffix(".lock"), (1e9 - age, 1e9 - age))
    return folders


def there(folders: Folders) -> list[str]:
    return [one.digest for one in folders.prepared()]


def test_they_are_told_with_size_and_last_use(folders: Folders) -> None:
    assert there(folders) == DIGESTS
    assert [one.size for one in folders.prepared()] == [1000] * 3
    folders.used(DIGESTS[0])
    assert there(folders)[-1] == DIGESTS[0]


def test_those_go_first_that_were_used_longest_ago(folders: Folders) -> None:
    assert [one.digest for one in folders.trim(2000)] == DIGESTS[:1]
    assert there(folders) == DIGESTS[1:]
    assert folders.trim(2000) == []


def test_what_somebody_uses_stays(folders: Folders) -> None:
    with folders.locked(DIGESTS[0]) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert [one.digest for one in folders.trim(0)] == DIGESTS[1:]
    assert there(folders) == DIGESTS[:1]


def test_what_is_to_be_kept_stays(folders: Folders) -> None:
    assert [one.digest for one in folders.prune(frozenset(DIGESTS[:2]))] == DIGESTS[2:]
    assert there(folders) == DIGESTS[:2]


def test_what_a_killed_process_left_is_no_environment_and_goes_in_time(folders: Folders) -> None:
    half, fresh = folders.unfinished(DIGESTS[0]), folders.unfinished(DIGESTS[0])
    half.mkdir()
    fresh.mkdir()
    os.utime(half, (1e9, 1e9))
    folders.prune(frozenset(DIGESTS))
    assert (half.exists(), fresh.exists()) == (False, True), "one is being made now, for all that is known"
    assert there(folders) == DIGESTS
