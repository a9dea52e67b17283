"""What stands for a root's content in a run's provenance."""

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gristmill.data_roots.model import DigestMethod
from gristmill.worker.data_roots.digest_cache import DigestCache
from gristmill.worker.data_roots.listing import DataFile, Listing, version_of

BY_CONTENT = 10**9  # bytes of a root up to which every one of them is read, unless the root says otherwise
_CHUNK = 2**20
_THREADS = 8
_NICENESS = 10


class StoppedError(Exception):
    """The run is being stopped: nobody waits for a digest."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """`value` is `sha256:<hex>`; that of a single file by content is the file's own. `read` counts bytes not cached."""

    method: DigestMethod
    value: str
    seconds: float
    read: int = 0


def method_for(wanted: DigestMethod, listing: Listing) -> DigestMethod:
    """The method that is used where the root leaves it open."""
    if wanted is not DigestMethod.AUTO:
        return wanted
    return DigestMethod.CONTENT if listing.size <= BY_CONTENT else DigestMethod.STAT


def stat_digest(listing: Listing) -> Digest:
    """Of every file's place, size, and time of change or etag; no file is opened."""
    began = time.monotonic()
    lines = ((place, f"{file.version.size} {file.mark}") for place, file in listing.files.items())
    return Digest(method=DigestMethod.STAT, value=_combined(lines), seconds=time.monotonic() - began)


def content_digest(listing: Listing, cache: DigestCache, stopped: Callable[[], bool]) -> Digest:
    """Of every byte, several files at once; of a file that was read before and has its version still, from the cache.

    Raises:
        StoppedError: `stopped` said so.
        OSError: a file cannot be read.
    """
    began, read = time.monotonic(), 0
    digests: dict[str, str] = {}
    lacking: list[str] = []
    for place, file in listing.files.items():
        known = cache.find(file)
        (lacking.append(place) if known is None else digests.__setitem__(place, known))
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), initializer=_step_back) as pool:
        found = pool.map(lambda place: _file_digest(listing.files[place], stopped), lacking)
        for place, digest in zip(lacking, found, strict=True):
            digests[place] = digest
            read += listing.files[place].version.size
            cache.keep(listing.files[place], digest)
    cache.save()
    if listing.is_file:
        value = f"sha256:{digests['']}"
    else:
        value = _combined((place, f"{listing.files[place].version.size} {digests[place]}") for place in listing.files)
    return Digest(method=DigestMethod.CONTENT, value=value, seconds=time.monotonic() - began, read=read)


def _combined(lines: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for place, line in sorted((os.fsencode(place), line) for place, line in lines):
        digest.update(line.encode() + b" " + place + b"\0")
    return f"sha256:{digest.hexdigest()}"


def _file_digest(file: DataFile, stopped: Callable[[], bool]) -> str:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    with file.path.open("rb", buffering=0) as content:
        if version_of(os.fstat(content.fileno())).size != file.version.size:
            raise OSError(0, "it was changed while it was read", str(file.path))
        while count := content.readinto(buffer):
            digest.update(buffer[:count])
            if stopped():
                raise StoppedError
    return digest.hexdigest()


def _step_back() -> None:
    """The notebook's own work comes first. On Linux a thread has a niceness of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
