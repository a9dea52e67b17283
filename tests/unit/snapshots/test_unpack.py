"""Unpacking writes what the snapshot names, whole and verified, and nothing outside the target."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gristmill.core.errors import GristmillError, InvalidInputError, TooLargeError
from gristmill.snapshots.model import MAX_BYTES, SnapshotFile
from gristmill.snapshots.unpack import unpack


class Blobs:
    """Content by digest, streamed in small parts."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def file(self, path: str, data: bytes = b"hello", *, executable: bool = False) -> SnapshotFile:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self._held[digest] = data
        return SnapshotFile(path=path, digest=digest, size=len(data), executable=executable)

    def fetch(self, digest: str) -> Iterator[bytes]:
        data = self._held[digest]
        return (data[start : start + 3] for start in range(0, len(data), 3))


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_files_and_folders_are_written(tmp_path: Path, blobs: Blobs) -> None:
    files = [blobs.file("a.txt", b"one"), blobs.file("deep/er/é.txt", b"two"), blobs.file("empty", b"")]
    unpack(files, blobs.fetch, tmp_path / "new" / "target")
    target = tmp_path / "new" / "target"
    assert everything(target) == {"a.txt", "deep", "deep/er", "deep/er/é.txt", "empty"}
    assert (target / "deep/er/é.txt").read_bytes() == b"two"


def test_modes_are_those_of_the_snapshot_whatever_the_mask(tmp_path: Path, blobs: Blobs) -> None:
    before = os.umask(0o077)
    try:
        unpack([blobs.file("a"), blobs.file("b", executable=True)], blobs.fetch, tmp_path)
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o644, 0o755]


@pytest.mark.parametrize(
    "path", ["../a", "/etc/a", "a/../../b", "a//b", ".", "", "a/./b", "a\\b", "C:", "a\0b", "a\nb"]
)
def test_paths_that_lead_elsewhere_are_refused_before_anything_is_written(
    tmp_path: Path, blobs: Blobs, path: str
) -> None:
    target = tmp_path / "target"
    with pytest.raises(InvalidInputError, match="is not allowed"):
        unpack([blobs.file("good"), blobs.file(path)], blobs.fetch, target)
    assert everything(tmp_path) == set()


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/c.txt"])
def test_links_below_the_target_are_not_followed(tmp_path: Path, blobs: Blobs, link: str) -> None:
    outside = tmp_path / "outside"
    (outside / "b").mkdir(parents=True)
    target = tmp_path / "target"
    (target / link).parent.mkdir(parents=True)
    (target / link).symlink_to(outside / "c.txt" if link.endswith("txt") else outside)
    with pytest.raises(InvalidInputError, match="something else is in its place"):
        unpack([blobs.file("a/b/c.txt")], blobs.fetch, target)
    assert everything(outside) == {"b"}


def test_a_folder_swapped_for_a_link_while_unpacking_is_not_followed(tmp_path: Path, blobs: Blobs) -> None:
    """Between two files of one folder, and while a file in it is being written."""
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()

    def fetch(digest: str) -> Iterator[bytes]:
        if (target / "a").is_dir() and not (target / "a").is_symlink():
            (target / "a").rename(tmp_path / "moved")
            (target / "a").symlink_to(outside)
        return blobs.fetch(digest)

    with pytest.raises(InvalidInputError, match="something else is in its place"):
        unpack([blobs.file("a/1"), blobs.file("a/2")], fetch, target)
    assert everything(outside) == set()


def test_nothing_is_overwritten(tmp_path: Path, blobs: Blobs) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(InvalidInputError, match="something else is in its place"):
        unpack([blobs.file("a")], blobs.fetch, tmp_path)
    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.parametrize("paths", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_a_path_twice_or_as_file_and_folder_is_refused(tmp_path: Path, blobs: Blobs, paths: tuple[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="something else is in its place"):
        unpack([blobs.file(path) for path in paths], blobs.fetch, tmp_path)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"hell", "came as 4 bytes"),
        (b"hellO", "expected 5, sha256:2cf24"),
        (b"hello!", "more than the 5 bytes"),
        (b"", "came as 0 bytes"),
    ],
)
def test_other_bytes_than_the_digests_leave_no_file(tmp_path: Path, blobs: Blobs, sent: bytes, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        unpack([blobs.file("a/b")], lambda _: iter([sent]), tmp_path)
    assert everything(tmp_path) == {"a"}


def test_an_endless_stream_is_cut_off(tmp_path: Path, blobs: Blobs) -> None:
    def endless(_: str) -> Iterator[bytes]:
        while True:
            yield b"x" * 2**20

    with pytest.raises(InvalidInputError, match="more than the 5 bytes"):
        unpack([blobs.file("a")], endless, tmp_path)


def test_a_fetch_that_fails_leaves_no_file(tmp_path: Path, blobs: Blobs) -> None:
    def failing(_: str) -> Iterator[bytes]:
        yield b"he"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        unpack([blobs.file("a")], failing, tmp_path)
    assert everything(tmp_path) == set()


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc", "md5:" + "0" * 32, "sha256:" + "0" * 64 + "\n"])
def test_what_is_no_digest_is_never_fetched(tmp_path: Path, digest: str) -> None:
    def never(digest: str) -> Iterator[bytes]:
        raise AssertionError(digest)

    with pytest.raises(InvalidInputError, match="expected a digest"):
        unpack([SnapshotFile(path="a", digest=digest, size=1)], never, tmp_path)


def test_more_than_a_snapshot_may_hold_is_refused(tmp_path: Path, blobs: Blobs) -> None:
    huge = SnapshotFile(path="a", digest="sha256:" + "0" * 64, size=MAX_BYTES + 1)
    with pytest.raises(TooLargeError):
        unpack([huge], blobs.fetch, tmp_path)


parts = st.sampled_from(["..", ".", "", "a", "b", "link", "~", "C:", "a\\..", "\0", "é", "target", "x" * 300])


@given(st.lists(st.lists(parts, min_size=1, max_size=5).map("/".join), max_size=5))
@settings(max_examples=200, deadline=None)
def test_whatever_the_paths_nothing_appears_outside_the_target(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str]
) -> None:
    base = tmp_path_factory.mktemp("base")
    outside, target = base / "outside", base / "target"
    outside.mkdir()
    target.mkdir()
    (target / "link").symlink_to(outside)
    blobs = Blobs()
    with contextlib.suppress(GristmillError, OSError):
        unpack([blobs.file(path) for path in paths], blobs.fetch, target)
    assert {path.name for path in base.iterdir()} == {"outside", "target"}
    assert not any(outside.iterdir())
