"""An archive that is sent while it is made is a whole one."""

import io
import zipfile
from collections.abc import AsyncIterator

from gristmill_lab.archive import archive

FILES = {"figures/roc.png": [b"\x89PNG", b"rest"], "table.csv": [b"a,b\n" * 1000] * 50, "ünïcode.txt": []}


async def read(name: str) -> AsyncIterator[bytes]:
    for chunk in FILES[name]:
        yield chunk


async def test_every_file_is_in_it() -> None:
    chunks = [chunk async for chunk in archive(list(FILES), read)]
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            name: b"".join(content) for name, content in FILES.items()
        }
    assert len(chunks) > 50  # sent as it comes
