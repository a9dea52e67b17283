"""The bytes of the files that an attempt executes, as the control plane holds them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from gristmill.core.small_blobs import SmallBlob, travel_together
from gristmill.snapshots.model import SnapshotFile
from gristmill.worker.bridging import PATIENCE, bridged

T = TypeVar("T")


class Source(Protocol):
    """The part of `ControlPlane` that gives blobs."""

    def get_blob(self, digest: str) -> bytes: ...

    def get_small_blobs(self, digests: Sequence[str]) -> dict[str, bytes]: ...


class SnapshotBlobs:
    """Small files are asked for together, when the first of them is wanted: a project may have thousands. Not so with
    `together` False: a control plane of the version before gives each alone. What is `given` is not asked for.

    `stopped` says that nobody waits for them any more. Away is bridged, as long as is usual.
    """

    def __init__(
        self,
        source: Source,
        files: Sequence[SnapshotFile],
        *,
        stopped: Callable[[], bool],
        together: bool = True,
        given: Sequence[SmallBlob] = (),
    ) -> None:
        self._source, self._stopped = source, stopped
        groups = travel_together((file.digest, file.size) for file in files) if together else []
        self._groups = {digest: group for group in groups for digest in group}
        self._left = Counter(file.digest for file in files)
        # Small ones, until the last file with this content has it.
        self._here: dict[str, bytes] = {one.digest: one.content for one in given}

    def fetch(self, digest: str) -> Iterator[bytes]:
        if digest not in self._here:
            group = self._groups.get(digest, ())
            if len(group) < 2:
                yield self._bridged(lambda: self._source.get_blob(digest))
                return
            self._here.update(self._bridged(lambda: self._source.get_small_blobs(group)))
        self._left[digest] -= 1
        yield self._here[digest] if self._left[digest] > 0 else self._here.pop(digest)

    def _bridged(self, call: Callable[[], T]) -> T:
        return bridged(call, give_up=lambda failed_for: failed_for >= PATIENCE or self._stopped())
