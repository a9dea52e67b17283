"""Where environments are made on this machine: `<home>/cache/environments`, a folder each, named by its digest.

`python -m gristmill.worker.environments.folders CACHE list|prune`, with the digests to keep as JSON on standard input,
answers with JSON: the control plane asks, and removes nothing itself.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import msgspec

from gristmill.environments.model import Prepared

FACTS = "gristmill.json"
_LEAVING, _UNFINISHED = ".leaving-", ".unfinished-"


class Folders:
    """A folder is there whole or not at all. Who uses one holds its lock, and so keeps it from being removed."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def path(self, digest: str) -> Path:
        return self._cache / digest.removeprefix("sha256:")

    @contextmanager
    def locked(self, digest: str) -> Iterator[IO[bytes]]:
        """The file that is locked: shared by who uses the environment, alone by who makes or removes it."""
        self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path(digest).with_suffix(".lock").open("ab") as lock:
            yield lock

    def is_there(self, digest: str) -> bool:
        return (self.path(digest) / FACTS).is_file()

    def used(self, digest: str) -> None:
        os.utime(self.path(digest).with_suffix(".lock"))

    def unfinished(self, digest: str) -> Path:
        return self._cache / f"{_UNFINISHED}{digest.removeprefix('sha256:')[:16]}-{uuid4().hex[:8]}"

    def settle(self, unfinished: Path, digest: str, packages: int) -> Prepared:
        """Puts what was made beside it in its place."""
        made = Prepared(digest=digest, size=_size(unfinished), used_at=datetime.now(UTC), packages=packages)
        (unfinished / FACTS).write_bytes(msgspec.json.encode(made))
        unfinished.rename(self.path(digest))
        return made

    def prepared(self) -> list[Prepared]:
        """Those that are there, the one first that was used longest ago."""
        found = []
        for facts in self._cache.glob(f"*/{FACTS}"):
            try:
                made = msgspec.json.decode(facts.read_bytes(), type=Prepared)
                used = self.path(made.digest).with_suffix(".lock").stat().st_mtime
            except (OSError, msgspec.DecodeError):
                continue
            found.append(replace(made, used_at=datetime.fromtimestamp(used, UTC)))
        return sorted(found, key=lambda one: one.used_at)

    def prune(self, kept: frozenset[str]) -> list[Prepared]:
        """Removes those that nobody uses now, but for `kept`; and what a killed process has left half made."""
        removed = [one for one in self.prepared() if one.digest not in kept and self._remove(one.digest)]
        self._sweep()
        return removed

    def trim(self, limit: int) -> list[Prepared]:
        """Removes those that were used longest ago, until what is left has at most `limit` bytes."""
        found = self.prepared()
        size = sum(one.size for one in found)
        removed = []
        for one in found:
            if size > limit and self._remove(one.digest):
                size -= one.size
                removed.append(one)
        self._sweep()
        return removed

    def _remove(self, digest: str) -> bool:
        with self.locked(digest) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            leaving = self._cache / f"{_LEAVING}{uuid4().hex[:8]}"
            try:
                self.path(digest).rename(leaving)
            except FileNotFoundError:
                return False
        shutil.rmtree(leaving, ignore_errors=True)
        return True

    def _sweep(self) -> None:
        """What a process that was killed has left: half removed, or half made a day ago."""
        yesterday = time.time() - 24 * 3600
        for folder in (*self._cache.glob(f"{_LEAVING}*"), *self._cache.glob(f"{_UNFINISHED}*")):
            if folder.name.startswith(_LEAVING) or folder.stat().st_mtime < yesterday:
                shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        total += sum(Path(place, name).lstat().st_size for name in names)
    return total


def main() -> int:
    cache, what = Path(sys.argv[1]), sys.argv[2]
    kept = frozenset(json.load(sys.stdin)) if what == "prune" else frozenset()
    folders = Folders(cache)
    found = folders.prune(kept) if what == "prune" else folders.prepared()
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
