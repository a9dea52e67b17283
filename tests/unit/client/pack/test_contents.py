import hashlib

import pytest

from gristmill.client.pack import contents
from gristmill.client.pack.contents import Contents


def test_bytes_come_back_by_digest_also_from_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "IN_MEMORY", 10)
    held = Contents()
    parts = [b"", b"a" * 5, b"b" * 20, b"a" * 5]
    digests = [held.add(part) for part in parts]
    assert digests[1] == "sha256:" + hashlib.sha256(b"a" * 5).hexdigest() == digests[3]
    assert [held.read(digest) for digest in digests] == parts
    with pytest.raises(KeyError):
        held.read("sha256:unknown")
    held.close()
