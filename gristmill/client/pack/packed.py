from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from gristmill.client.pack.contents import Contents
from gristmill.client.pack.left_out import LeftOut
from gristmill.snapshots.model import SnapshotRequest


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A snapshot ready to be sent: its request, and the bytes behind every digest in it.

    `notices` are for people to read: what was done otherwise than they may expect.
    """

    request: SnapshotRequest
    root: Path
    left_out: tuple[LeftOut, ...] = ()
    notices: tuple[str, ...] = ()
    contents: Contents = field(repr=False, compare=False)

    def read(self, digest: str) -> bytes:
        """The bytes as they were packed, of a file or of the git diff; KeyError for a digest of neither."""
        return self.contents.read(digest)

    def close(self) -> None:
        """Lets go of the bytes."""
        self.contents.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
