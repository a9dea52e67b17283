import errno
import hashlib
import os
from pathlib import Path

import pytest

from gristmill.worker.spool import Spool


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    digest = spool.put(b"content")
    assert spool.put(b"content") == digest == "sha256:" + hashlib.sha256(b"content").hexdigest()
    assert [path.read_bytes() for path in (tmp_path / "blobs").iterdir()] == [b"content"]
    spool.drop(digest)
    spool.drop(digest)
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_file_is_copied_where_it_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuse)
    spool = Spool(tmp_path)
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    digest, size = spool.adopt(tmp_path / "file")
    assert size == 3_000_000
    assert spool.path(digest).read_bytes() == b"x" * 3_000_000


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(OSError, match="symbolic links"):
        Spool(tmp_path).adopt(tmp_path / "link")
