"""The place where a notebook runs: the snapshot's files, and afterwards what became of them."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gristmill.core.errors import InvalidInputError
from gristmill.data_roots.model import folders_above
from gristmill.runs.model import AttemptOrder, Output
from gristmill.snapshots.unpack import unpack
from gristmill.worker.spool import Spool, file_digest

MAX_OUTPUTS = 1000
_SKIPPED_FOLDERS = {"__pycache__", "mlruns", "node_modules"}
_SKIPPED_SUFFIXES = {".pyc", ".pyo"}


@dataclass(frozen=True)
class _Found:
    path: Path
    stat: os.stat_result


class Workspace:
    """`workspace/` in the attempt's folder: the project, deep enough in it that data which lies beside the project has
    its place beside it too. The working directory is the notebook's own place in the project.

    `is_data` says of a path whether it was bound there: it is never an output, nor looked into.
    """

    def __init__(self, folder: Path, order: AttemptOrder) -> None:
        self._top = folder.resolve() / "workspace"
        self.root = self._top.joinpath(*folders_above(order.data))
        self.is_data: Callable[[Path], bool] = lambda _: False
        self.notebook = self.root / order.notebook
        self.workdir = self.notebook.parent
        self.reveals: Callable[[Path], str | None] = lambda _: None  # the secret whose value a file holds
        self._order = order
        self._before: dict[str, tuple[int, int]] = {}

    def unpack(self, fetch: Callable[[str], Iterator[bytes]]) -> None:
        """Puts the snapshot's files in their places and remembers them."""
        unpack(self._order.files, fetch, self.root)
        self._before = {name: _version(found) for name, found in self._files()}

    def place(self, at: str) -> Path:
        """Where a path that is relative to the project lies.

        Raises:
            InvalidInputError: outside the workspace, or where it would hold the project.
        """
        path = Path(os.path.normpath(self.root / at))
        if not path.is_relative_to(self._top) or self.root.is_relative_to(path):
            raise InvalidInputError(f"place {at!r} leaves the workspace, or holds the project")
        return path

    def collect(
        self, spool: Spool, *, declared: Mapping[str, str | None], notice: Callable[[str], None]
    ) -> Iterator[Output]:
        """The files that are new or changed, those that the notebook named first; kept by the spool from then on.

        Links and devices are never followed; hidden files and caches are passed over unless they were named. A name
        is relative to the working directory; that of a file outside it to the snapshot's root.
        """
        self._tell_beside(notice)
        candidates = self._candidates(declared, notice)
        for number, (name, found) in enumerate(candidates.items()):
            if number == MAX_OUTPUTS:
                notice(f"{len(candidates)} files are new or changed: only the first {MAX_OUTPUTS} are kept as outputs")
                return
            if found.stat.st_size > self._order.output_limit:
                notice(
                    f"output {name!r} is not kept: it has {found.stat.st_size} bytes, "
                    f"at most {self._order.output_limit} are (GRISTMILL_OUTPUT_LIMIT)"
                )
                continue
            try:
                if (secret := self.reveals(found.path)) is not None:
                    notice(f"output {name!r} is not kept: it holds the value of the secret {secret}")
                    continue
                digest, size = spool.adopt(found.path)
            except OSError as error:
                notice(f"output {name!r} is not kept: {error.strerror}")
                continue
            yield Output(name=name, digest=digest, size=size, declared=name in declared, description=declared.get(name))

    def _candidates(self, declared: Mapping[str, str | None], notice: Callable[[str], None]) -> dict[str, _Found]:
        found: dict[str, _Found] = {}
        for name in declared:
            path = self.workdir / name
            if (file := self._confined(path)) is None:
                notice(f"output {name!r} is not kept: it is no regular file in the working directory any more")
            else:
                found[name] = file
        for place, file in self._files():
            if self._changed(place, file):
                name = self._name(file.path)
                if found.setdefault(name, file).path != file.path:
                    notice(f"output {place!r} is not kept: another one is named {name!r}")
        return found

    def _confined(self, path: Path) -> _Found | None:
        """The regular file at `path`, if no link leads there."""
        if not path.is_relative_to(self.root) or path.resolve() != path or self.is_data(path):
            return None
        try:
            status = path.lstat()
        except OSError:
            return None
        return _Found(path, status) if stat.S_ISREG(status.st_mode) else None

    def _changed(self, place: str, found: _Found) -> bool:
        if self._before.get(place) == _version(found):
            return False
        source = next((file for file in self._order.files if file.path == place), None)
        # Written again with the same content, as a checkout or a formatter does.
        return source is None or source.size != found.stat.st_size or source.digest != _digest(found.path)

    def _name(self, path: Path) -> str:
        base = self.workdir if path.is_relative_to(self.workdir) else self.root
        return _utf8(path.relative_to(base).as_posix())

    def _tell_beside(self, notice: Callable[[str], None]) -> None:
        """What was written beside the project, where only data is: it would have no name among the outputs."""
        if self._top == self.root:
            return
        found = [file.path for file in self._below(self._top) if not file.path.is_relative_to(self.root)]
        if found:
            names = ", ".join(os.path.relpath(path, self.workdir) for path in found[:3])
            notice(f"{len(found)} files were written outside the project and are not kept as outputs: {names}")

    def _files(self) -> Iterator[tuple[str, _Found]]:
        for file in self._below(self.root):
            yield file.path.relative_to(self.root).as_posix(), file

    def _below(self, top: Path) -> Iterator[_Found]:
        for folder, folders, names in os.walk(top, followlinks=False):
            folders[:] = sorted(one for one in folders if self._enters(Path(folder, one)))
            for name in sorted(names):
                path = Path(folder, name)
                if name.startswith(".") or PurePosixPath(name).suffix in _SKIPPED_SUFFIXES or self.is_data(path):
                    continue
                if (file := _regular(path)) is not None:
                    yield file

    def _enters(self, folder: Path) -> bool:
        return not folder.name.startswith(".") and folder.name not in _SKIPPED_FOLDERS and not self.is_data(folder)


def _utf8(name: str) -> str:
    """The name with a byte that is no UTF-8 as `%FF`: whoever downloads the file can say it, and has it as a name."""
    return "".join(f"%{ord(one) - 0xDC00:02X}" if "\udc80" <= one <= "\udcff" else one for one in name)


def _regular(path: Path) -> _Found | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return _Found(path, status) if stat.S_ISREG(status.st_mode) else None


def _version(found: _Found) -> tuple[int, int]:
    return found.stat.st_size, found.stat.st_mtime_ns


def _digest(path: Path) -> str | None:
    try:
        return file_digest(path)[0]
    except OSError:
        return None
