"""From what a binding names to files of this machine."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gristmill.data_roots.model import DataBinding, is_url, without_credentials
from gristmill.worker.data_roots.errors import DataRootError
from gristmill.worker.data_roots.file_cache import FileCache
from gristmill.worker.data_roots.listing import DataFile, Listing, list_local, version_of
from gristmill.worker.data_roots.remote import Remote, open_remote

_TELL_EVERY = 1.0  # seconds
MB = 10**6


def local_path(source: str) -> Path | None:
    """The path that a source names on this machine; None for one that has to be fetched."""
    if not is_url(source):
        return Path(source)
    parts = urlsplit(source)
    return (
        Path(unquote(parts.path)) if parts.scheme in {"file", "local"} and parts.netloc in {"", "localhost"} else None
    )


def list_source(
    binding: DataBinding, cache: FileCache, say: Callable[[str], None], open_url: Callable[[str], Remote] = open_remote
) -> Listing:
    """The files of a root, all of them on this machine now; `say` is told how far a download is.

    Raises:
        DataRootError: it names the root, what is wrong, and what to do.
    """
    try:
        path = local_path(binding.source)
        return list_local(path) if path is not None else _fetched(binding, cache, say, open_url)
    except DataRootError as error:
        raise DataRootError(f"data root {binding.name!r}: {error.message}", hint=error.hint) from error


def _fetched(
    binding: DataBinding, cache: FileCache, say: Callable[[str], None], open_url: Callable[[str], Remote]
) -> Listing:
    remote = open_url(binding.source)
    found = remote.files()
    if not found:
        raise DataRootError(f"{without_credentials(binding.source)} holds no files")
    progress = _Progress(binding.name, sum(file.size or 0 for file in found.values()), say)
    paths = cache.fetch(binding.source, remote, found, progress.add)
    files = {}
    for place, kept in paths.items():
        version = version_of(kept.stat())
        files[place] = DataFile(kept, version, found[place].mark or str(version.mtime_ns))
    return Listing(files=files)


class _Progress:
    def __init__(self, name: str, total: int, say: Callable[[str], None]) -> None:
        self._name, self._total, self._say = name, total, say
        self._done, self._told = 0, 0.0

    def add(self, count: int) -> None:
        self._done += count
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            of = f" of {self._total / MB:,.0f}" if self._total else ""
            self._say(f"fetching data {self._name}: {self._done / MB:,.0f}{of} MB")
