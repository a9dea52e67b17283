"""Files that were fetched from a URL, kept for the next run. Bounded; what a living run uses is never removed."""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gristmill.worker.data_roots.errors import DataRootError
from gristmill.worker.data_roots.remote import Remote, RemoteFile

_CONTENT = "content"


class FileCache:
    """`<key>/content` in a folder, read-only; the key is made of URL, place, and what changes with the content.

    `uses/` has a locked file for each run that uses something: it names the keys, and its lock dies with the run.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._uses: list[IO[str]] = []

    def fetch(
        self, url: str, remote: Remote, files: Mapping[str, RemoteFile], on_bytes: Callable[[int], None]
    ) -> dict[str, Path]:
        """Where each of the files is now; those that are there already are not fetched again.

        Raises:
            DataRootError: they are more than the cache may hold, or cannot be had.
        """
        keys = {place: _key(url, place, file) for place, file in files.items()}
        self._use(keys.values())
        lacking = [place for place, key in keys.items() if not self._path(key).exists()]
        self._make_room(sum(files[place].size or 0 for place in lacking))
        for place in lacking:
            self._download(remote, files[place], self._path(keys[place]), on_bytes)
        for key in keys.values():
            os.utime(self._path(key).parent)  # by this the longest unused is found
        return {place: self._path(key) for place, key in keys.items()}

    def close(self) -> None:
        """What was fetched may be removed from now on, when room is needed."""
        for use in self._uses:
            Path(use.name).unlink(missing_ok=True)
            use.close()
        self._uses.clear()

    def _path(self, key: str) -> Path:
        return self._folder / key / _CONTENT

    def _use(self, keys: Iterable[str]) -> None:
        uses = self._folder / "uses"
        uses.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            use = (uses / secrets.token_hex(8)).open("w")
            fcntl.flock(use, fcntl.LOCK_EX)
            os.set_inheritable(use.fileno(), False)
            json.dump(list(keys), use)
            use.flush()
        self._uses.append(use)

    def _download(self, remote: Remote, file: RemoteFile, path: Path, on_bytes: Callable[[int], None]) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished = path.with_name(f"{secrets.token_hex(8)}.unfinished")
        size = 0
        try:
            with unfinished.open("xb") as target:
                for piece in remote.read(file):
                    size += len(piece)
                    if size > self._limit:
                        raise self._too_large(f"more than {self._limit}")
                    target.write(piece)
                    on_bytes(len(piece))
            if file.size is not None and size != file.size:
                raise DataRootError(f"{size} bytes came of {file.size} that were announced", hint="Try again.")
            unfinished.chmod(0o444)
            unfinished.replace(path)
        except OSError as error:
            raise DataRootError(f"the data cannot be kept: {error.strerror}") from error
        finally:
            unfinished.unlink(missing_ok=True)

    def _make_room(self, wanted: int) -> None:
        if wanted > self._limit:
            raise self._too_large(str(wanted))
        with self._locked():
            entries = sorted(self._entries(), key=lambda entry: entry[1])
            total = sum(size for _, _, size in entries)
            used = self._used()
            for path, _, size in entries:
                if total + wanted <= self._limit:
                    return
                if path.parent.name not in used:
                    path.unlink()
                    path.parent.rmdir()
                    total -= size
        if total + wanted > self._limit:
            raise self._too_large(f"{wanted} beside {total} that other runs use")

    def _entries(self) -> Iterator[tuple[Path, int, int]]:
        for path in self._folder.glob(f"*/{_CONTENT}"):
            yield path, path.parent.stat().st_mtime_ns, path.stat().st_size

    def _used(self) -> set[str]:
        """The keys that living runs use. The list of one that is gone is removed: nobody holds its lock."""
        used: set[str] = set()
        own = {Path(use.name).name for use in self._uses}
        for path in (self._folder / "uses").iterdir():
            with path.open() as use:
                if path.name not in own and _unlocked(use):
                    path.unlink()
                else:
                    used.update(json.loads(use.read() or "[]"))
        return used

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _too_large(self, what: str) -> DataRootError:
        return DataRootError(
            f"the data has {what} bytes, the cache of fetched data holds {self._limit}",
            hint="Raise GRISTMILL_DATA_CACHE, or name a part of the data.",
        )


def _unlocked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _key(url: str, place: str, file: RemoteFile) -> str:
    """One that nobody has asked for before where nothing says whether the content is another one."""
    mark = file.mark if file.mark is not None else secrets.token_hex(16)
    return hashlib.sha256("\n".join((url, place, str(file.size), mark)).encode()).hexdigest()[:40]
