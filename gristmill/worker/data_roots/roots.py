"""The data of one attempt: bound before the kernel starts, looked after while it runs, accounted for at its end."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gristmill.core.errors import UnsupportedError
from gristmill.data_roots.model import DataBinding, DigestMethod, without_credentials
from gristmill.worker.data_roots.binders.base import Binder, Bound, CannotBindError
from gristmill.worker.data_roots.binders.mount import MountBinder
from gristmill.worker.data_roots.binders.reflink import ReflinkBinder
from gristmill.worker.data_roots.binders.symlink import SymlinkBinder
from gristmill.worker.data_roots.digest_cache import DigestCache
from gristmill.worker.data_roots.digests import Digest, StoppedError, content_digest, method_for, stat_digest
from gristmill.worker.data_roots.errors import DataRootError
from gristmill.worker.data_roots.file_cache import FileCache
from gristmill.worker.data_roots.listing import Listing, changed, list_local
from gristmill.worker.data_roots.sources import list_source, local_path

# The first that can. A mount is asked for by name: a kernel that is no child of the worker would not see it.
BINDINGS: Mapping[str, tuple[type[Binder], ...]] = {
    "auto": (ReflinkBinder, SymlinkBinder),
    "reflink": (ReflinkBinder,),
    "symlink": (SymlinkBinder,),
    "mount": (MountBinder,),
}
_NAMED = 3  # changed files


def binders_for(wanted: str) -> list[Binder]:
    """Raises UnsupportedError for a way that there is not."""
    if wanted not in BINDINGS:
        raise UnsupportedError(f"GRISTMILL_DATA_BINDING={wanted!r} is unknown: expected one of {', '.join(BINDINGS)}")
    return [kind() for kind in BINDINGS[wanted]]


@dataclass
class _Root:
    binding: DataBinding
    listing: Listing
    bound: Bound
    method: DigestMethod
    digest: Digest | None = None
    why_none: str = ""


class DataRoots:
    """`place_of` says where a root's place is in the workspace; `cache` is a folder that outlives the attempt."""

    def __init__(
        self,
        bindings: Sequence[DataBinding],
        place_of: Callable[[str], Path],
        *,
        cache: Path,
        cache_limit: int,
        binders: Sequence[Binder],
        say: Callable[[str], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._bindings, self._place_of = bindings, place_of
        self._cache = cache
        self._files = FileCache(cache / "files", cache_limit)
        self._binders, self._say, self._stopped = binders, say, stopped
        self._roots: list[_Root] = []
        self._released = False
        self._thread: threading.Thread | None = None

    def bind(self) -> None:
        """Puts every root at its place; digests are made in the background from now on.

        Raises:
            DataRootError: one cannot be had, or cannot be bound.
        """
        for binding in self._bindings:
            listing = list_source(binding, self._files, self._say)
            bound = self._bind(binding, listing)
            self._roots.append(_Root(binding, listing, bound, method_for(binding.digest, listing)))
        if self._roots:
            self._thread = threading.Thread(target=self._digest_all, name="data digests", daemon=True)
            self._thread.start()

    def holds(self, path: Path) -> bool:
        """Whether this path in the workspace is data, and so no output of the run."""
        return any(root.bound.holds(path) for root in self._roots)

    @property
    def private(self) -> bool:
        """Whether only this process and its children see some of it: a kernel must be one of them."""
        return any(root.bound.private for root in self._roots)

    def conclude(self, notice: Callable[[str], None]) -> dict[str, Any]:
        """What was bound, for the provenance. Waits for the digests; says what has changed while the run used it."""
        if self._thread is not None:
            self._thread.join()
        return {root.binding.name: self._facts(root, notice) for root in self._roots}

    def facts(self) -> dict[str, Any]:
        """What is known while the run goes on."""
        return {root.binding.name: _known(root) for root in self._roots}

    def release(self) -> None:
        """Undoes what would outlive the worker. The data itself is never touched."""
        self._released = True
        for root in self._roots:
            root.bound.release()
        self._files.close()

    def _bind(self, binding: DataBinding, listing: Listing) -> Bound:
        place, refused = self._place_of(binding.at), []
        for binder in self._binders:
            try:
                return binder.bind(listing, place)
            except CannotBindError as error:
                refused.append(error.message)
        raise DataRootError(f"data root {binding.name!r} cannot be bound at {binding.at}: {'; '.join(refused)}")

    def _digest_all(self) -> None:
        for root in self._roots:
            try:
                root.digest = self._digest(root)
            except StoppedError:
                root.why_none = "the run was stopped"
            except OSError as error:
                root.why_none = f"{error.filename} cannot be read: {error.strerror}"

    def _digest(self, root: _Root) -> Digest:
        if root.method is DigestMethod.STAT:
            return stat_digest(root.listing)
        cache = DigestCache(self._cache / "digests", root.binding.source)
        return content_digest(root.listing, cache, lambda: self._released or self._stopped())

    def _facts(self, root: _Root, notice: Callable[[str], None]) -> dict[str, Any]:
        facts = _known(root)
        if root.digest is not None:
            facts |= {"digest": root.digest.value, "seconds": round(root.digest.seconds, 3)}
        elif root.why_none:
            facts |= {"no_digest": root.why_none}
        if not root.bound.frozen:
            differs = _changes(root)
            facts |= {"checked": True, "changed": bool(differs)}
            if differs:
                notice(_sentence(root, differs))
        return facts


def _known(root: _Root) -> dict[str, Any]:
    return {
        "source": without_credentials(root.binding.source),
        "at": root.binding.at,
        "bound": root.bound.method,
        "digest_method": root.method.value,
        "files": len(root.listing.files),
        "size": root.listing.size,
    }


def _changes(root: _Root) -> list[str]:
    """The files that are not what they were when the run began."""
    path = local_path(root.binding.source)
    if path is None:  # in the cache of fetched files, each by itself
        again = {place: list_local(file.path).files[""] for place, file in root.listing.files.items()}
        return changed(root.listing, again=Listing(files=again))
    try:
        return changed(root.listing, again=list_local(path))
    except DataRootError:
        return changed(root.listing, again=None)


def _sentence(root: _Root, differs: Sequence[str]) -> str:
    names = ", ".join(one or root.binding.at for one in differs[:_NAMED])
    more = f" and {len(differs) - _NAMED} more" if len(differs) > _NAMED else ""
    return (
        f"data root {root.binding.name!r} was changed while the run used it: {names}{more}. "
        f"What the run has read may be of before or after; its digest is of the time when it was made."
    )
