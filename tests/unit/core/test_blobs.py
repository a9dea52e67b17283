from pathlib import Path

import pytest

from gristmill.core.blobs import BlobStore, digest_of, held, remember
from gristmill.core.clock import Clock
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError, NotFoundError, TooLargeError


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path / "blobs"), max_bytes=1000)


def test_a_blob_is_read_as_it_was_put(blobs: BlobStore) -> None:
    digest = blobs.put_bytes(b"hello")
    assert b"".join(blobs.read(digest)) == b"hello"
    assert blobs.has(digest)


def test_bytes_of_another_digest_are_refused_and_leave_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    wanted = digest_of(b"hello")
    with pytest.raises(InvalidInputError, match="expected sha256:"):
        blobs.put(wanted, [b"other"])
    assert not blobs.has(wanted)
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


def test_a_blob_above_the_limit_is_refused_while_it_comes(blobs: BlobStore, tmp_path: Path) -> None:
    def endless() -> object:
        while True:
            yield b"x" * 400

    with pytest.raises(TooLargeError, match="1000"):
        blobs.put(digest_of(b""), endless())  # type: ignore[arg-type]
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "0" * 64, "sha256:" + "G" * 64])
def test_what_is_no_digest_is_refused(blobs: BlobStore, digest: str) -> None:
    with pytest.raises(InvalidInputError):
        blobs.has(digest)


def test_a_blob_that_is_not_there_is_said_at_once(blobs: BlobStore) -> None:
    with pytest.raises(NotFoundError):
        blobs.read(digest_of(b"absent"))


def test_a_project_reads_only_what_it_holds(db: Database, clock: Clock) -> None:
    digest = digest_of(b"x")
    with db.write() as tx:
        remember(tx, project_id="default", digest=digest, size=1, now=clock.now())
        remember(tx, project_id="default", digest=digest, size=1, now=clock.now())
        assert held(tx, "default", [digest, digest_of(b"y")]) == {digest: 1}
        assert held(tx, "other", [digest]) == {}
