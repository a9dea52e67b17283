"""Files that appear whole or not at all, readable by their owner only."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Puts the content in place of what is there."""
    with _written(path, content) as partial:
        partial.replace(path)


def make_private(path: Path, content: bytes) -> bool:
    """False if the file is there already, and stays as it is: of two processes that make one, one does."""
    with _written(path, content) as partial:
        try:
            os.link(partial, path)
        except FileExistsError:
            return False
    return True


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[Path]:
    """The content beside `path`, on the disk; no name is used twice, so nobody else writes there."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield partial
    finally:
        partial.unlink(missing_ok=True)
