"""Digests of files that were read before."""

import hashlib
import json
import os
import re
import time
from pathlib import Path

from gristmill.worker.data_roots.listing import DataFile

# A file that was written to just now may be written to again without its time of change changing.
_SETTLED_NS = 2 * 10**9
_FIELDS = 4  # size, time, inode, digest
_DIGEST = re.compile("[0-9a-f]{64}")


class DigestCache:
    """`<sha256 of the source>.json` in a folder: digests by path, good for as long as size, time and inode stay."""

    def __init__(self, folder: Path, source: str) -> None:
        self._path = folder / f"{hashlib.sha256(source.encode(errors='replace')).hexdigest()[:32]}.json"
        self._known: dict[str, list[object]] = _read(self._path)
        self._new: dict[str, list[object]] = {}
        self._dirty = False

    def find(self, file: DataFile) -> str | None:
        known = self._known.get(_key(file.path))
        if known is None or known[:3] != _stamp(file):
            return None
        self._new[_key(file.path)] = known
        return str(known[3])

    def keep(self, file: DataFile, digest: str) -> None:
        if time.time_ns() - file.version.mtime_ns > _SETTLED_NS:
            self._new[_key(file.path)] = [*_stamp(file), digest]
            self._dirty = True

    def save(self) -> None:
        """What was neither found nor kept is forgotten: the file is not there any more."""
        if not self._dirty:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(f".{os.getpid()}.unfinished")
        unfinished.write_text(json.dumps(self._new))
        unfinished.replace(self._path)


def _read(path: Path) -> dict[str, list[object]]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: entry for key, entry in known.items() if _is_entry(entry)}


def _is_entry(entry: object) -> bool:
    """As `_stamp` and a digest make it; what is damaged is made again."""
    if not isinstance(entry, list) or len(entry) != _FIELDS:
        return False
    *stamp, digest = entry
    return all(isinstance(one, int) for one in stamp) and isinstance(digest, str) and bool(_DIGEST.fullmatch(digest))


def _stamp(file: DataFile) -> list[object]:
    return [file.version.size, file.version.mtime_ns, file.version.inode]


def _key(path: Path) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")
