from collections.abc import Sequence
from pathlib import Path

import pytest

from gristmill.core.blobs import digest_of
from gristmill.core.errors import NotFoundError, UnavailableError
from gristmill.core.small_blobs import MOST_BLOBS, SMALL_BLOB, SMALL_BLOBS, SmallBlob
from gristmill.snapshots.model import SnapshotFile
from gristmill.snapshots.unpack import unpack
from gristmill.worker.snapshot_blobs import SnapshotBlobs


class Source:
    def __init__(self, contents: Sequence[bytes]) -> None:
        self.blobs = {digest_of(content): content for content in contents}
        self.alone: list[str] = []
        self.together: list[list[str]] = []
        self.raising: list[Exception] = []

    def get_blob(self, digest: str) -> bytes:
        self.alone.append(digest)
        return self.blobs[digest]

    def get_small_blobs(self, digests: Sequence[str]) -> dict[str, bytes]:
        if self.raising:
            raise self.raising.pop()
        self.together.append(list(digests))
        return {digest: self.blobs[digest] for digest in digests}


def unpacked(source: Source, contents: Sequence[bytes], target: Path, *, together: bool = True) -> list[bytes]:
    files = [SnapshotFile(path=f"{n}.txt", digest=digest_of(c), size=len(c)) for n, c in enumerate(contents)]
    unpack(files, SnapshotBlobs(source, files, stopped=lambda: False, together=together).fetch, target)
    return [(target / file.path).read_bytes() for file in files]


def test_a_project_of_thousands_of_files_takes_a_few_requests(tmp_path: Path) -> None:
    contents = [f"file {number}".encode() * 50 for number in range(3000)]
    source = Source(contents)
    assert unpacked(source, contents, tmp_path / "project") == contents
    assert source.alone == []
    assert len(source.together) == 3000 / MOST_BLOBS


def test_what_many_folders_hold_alike_travels_once(tmp_path: Path) -> None:
    """An empty `__init__.py`, say, between more files than one request asks for."""
    contents = [content for number in range(2000) for content in (f"file {number}".encode(), b"")]
    source = Source(contents)
    assert unpacked(source, contents, tmp_path / "project") == contents
    assert len(source.together) + len(source.alone) == 2001 // MOST_BLOBS + 1


def test_an_older_control_plane_gives_each_alone(tmp_path: Path) -> None:
    contents = [b"one", b"two"]
    source = Source(contents)
    assert unpacked(source, contents, tmp_path / "project", together=False) == contents
    assert source.together == []


def test_each_content_travels_once_and_large_ones_alone(tmp_path: Path) -> None:
    large = b"l" * (SMALL_BLOB + 1)
    contents = [b"one", large, b"two", b"one", b""]
    source = Source(contents)
    assert unpacked(source, contents, tmp_path / "project") == contents
    assert source.alone == [digest_of(large)]
    assert source.together == [[digest_of(b"one"), digest_of(b"two"), digest_of(b"")]]


def test_what_came_with_the_order_is_not_asked_for(tmp_path: Path) -> None:
    contents = [b"one", b"two", b"one"]
    files = [SnapshotFile(path=f"{n}.txt", digest=digest_of(c), size=len(c)) for n, c in enumerate(contents)]
    source, given = Source([]), [SmallBlob.of(digest_of(content), content) for content in (b"one", b"two")]
    unpack(files, SnapshotBlobs(source, files, stopped=lambda: False, given=given).fetch, tmp_path / "project")
    assert [(tmp_path / "project" / file.path).read_bytes() for file in files] == contents


def test_no_request_asks_for_more_than_may_be_answered(tmp_path: Path) -> None:
    contents = [bytes([number]) * SMALL_BLOB for number in range(20)]
    source = Source(contents)
    assert unpacked(source, contents, tmp_path / "project") == contents
    assert all(len(group) * SMALL_BLOB <= SMALL_BLOBS for group in source.together)


def test_away_is_bridged_and_a_refusal_is_final(tmp_path: Path) -> None:
    contents = [b"one", b"two"]
    source = Source(contents)
    source.raising = [UnavailableError("away")]
    assert unpacked(source, contents, tmp_path / "project") == contents
    source.raising = [NotFoundError("no blob")]
    with pytest.raises(NotFoundError):
        unpacked(source, contents, tmp_path / "again")
