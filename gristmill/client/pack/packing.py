"""From a notebook on disk to a snapshot: the notebook, the modules that it imports, and the small files beside them."""

import os
import shlex
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from gristmill.client.pack.contents import Contents
from gristmill.client.pack.git import git_state
from gristmill.client.pack.ignores import OWN, Ignores
from gristmill.client.pack.implied import project_root
from gristmill.client.pack.largest import largest
from gristmill.client.pack.left_out import LeftOut, Reason
from gristmill.client.pack.modules import Modules, find_modules
from gristmill.client.pack.named import NamedPaths, told
from gristmill.client.pack.near import Near
from gristmill.client.pack.packed import Packed
from gristmill.client.pack.regular import GrownError, NotRegularError, Regular, read_regular
from gristmill.client.pack.root import MARKS, ProjectRoot
from gristmill.client.pack.walk import SMALL, Found, Walked, walk
from gristmill.core.errors import Fault, InvalidInputError, NotFoundError, TooLargeError
from gristmill.core.nearest import nearest
from gristmill.data_roots.model import lies_in
from gristmill.notebooks.source import NotebookSource, read_notebook
from gristmill.snapshots.model import (
    MAX_BYTES,
    MAX_FILES,
    MAX_NOTEBOOK_BYTES,
    SnapshotFile,
    SnapshotRequest,
    check_path,
    check_request,
)

MAX_ENTRIES = 50_000  # of folders, looked at in a project
MAX_ENTRIES_UNMARKED = 2_000  # in a folder that nothing marks as one: it may be a home directory


def pack(notebook: Path, *, within: Path | None = None, data: Collection[str] = ()) -> Packed:
    """The snapshot of the notebook at this path as it is now; nothing above `within` is looked at.

    `data` are the places of data roots, from the project root: what lies there is bound, and not packed unless it is a
    module that the notebook imports.

    Raises:
        NotFoundError: where there is no such file; offers one that is.
        InvalidInputError: where it is no notebook, or needs what cannot be packed.
        TooLargeError: where the project holds more than a snapshot may; names its largest folders.
    """
    root, path = _locate(notebook, within)
    packing = _Packing(root, path, data)
    return packing.packed(source=str(root.path / path))


def _locate(notebook: Path, within: Path | None) -> tuple[ProjectRoot, str]:
    """The project root, and the notebook's path in it."""
    folder = notebook.absolute().parent
    if not notebook.is_file():
        raise _missing(notebook, folder)
    root = project_root(notebook, within=within)
    place = folder.resolve() / notebook.name
    if within and not place.is_relative_to(within.resolve()):
        raise InvalidInputError(f"{notebook} lies outside {within}", hint="Move it there.")
    real = place.resolve()
    if not root.holds(real):
        raise InvalidInputError(
            f"{notebook} is a link to {real}, outside the project root {root.path}", hint=f"Use {real} itself."
        )
    return root, check_path(place.relative_to(root.path).as_posix())


def _missing(notebook: Path, folder: Path) -> InvalidInputError | NotFoundError:
    if notebook.exists():
        what = "a folder" if notebook.is_dir() else "no regular file"
        return InvalidInputError(f"{notebook} is {what}; expected a notebook")
    names = [one.name for one in folder.glob("*.ipynb")] if folder.is_dir() else []
    near = nearest(notebook.name, names)
    hint = f"Did you mean {near}?" if near else None
    return NotFoundError(f"there is no notebook {notebook}", hint=hint)


class _Packing:
    def __init__(self, root: ProjectRoot, path: str, data: Collection[str]) -> None:
        self._root = root
        self._data = frozenset(data)
        self._path = path
        self._ignores = Ignores(root.path)
        self._contents = Contents()
        self._files: dict[str, SnapshotFile] = {}
        self._left_out: list[LeftOut] = []
        self._notices: list[str] = []

    def packed(self, source: str) -> Packed:
        notebook = self._take_notebook()
        modules = find_modules(self._root, self._path, notebook)
        named = NamedPaths(notebook, self._path.rpartition("/")[0])
        self._refuse_outside(modules)
        found = self._without_unbuilt(self._walk(named, modules), modules)
        self._check_caps(found, modules)
        self._take_modules(modules)
        self._take_files(found)
        request = self._request(modules, source)
        check_request(request)
        return Packed(
            request=request,
            root=self._root.path,
            left_out=told(self._left_out, named, set(self._files), self._root, self._ignores, self._data),
            notices=(*self._notices, *self._ignores.faults),
            contents=self._contents,
        )

    def _take_notebook(self) -> NotebookSource:
        try:
            regular = read_regular((self._root.path / self._path).resolve(), MAX_NOTEBOOK_BYTES)
        except GrownError as error:
            raise TooLargeError(
                f"{self._path} has more than {MAX_NOTEBOOK_BYTES} bytes",
                hint="Clear the outputs that hold large images or tables.",
            ) from error
        except OSError as error:
            raise _unreadable("the notebook", self._path, error) from error
        self._add(self._path, regular)
        try:
            return read_notebook(regular.data)
        except InvalidInputError as error:
            raise type(error)(f"{self._path}: {error.message}", hint=error.hint, faults=error.faults) from error

    def _refuse_outside(self, modules: Modules) -> None:
        """Before the start, where it would fail in a cell."""
        lost = {
            name: path
            for name, path in modules.outside.items()
            if not any(lies_in(path, place) for place in self._data)
        }
        if not lost:
            return
        above = os.path.commonpath(
            [self._root.path, *(os.path.normpath(self._root.path / one) for one in lost.values())]
        )
        mark = self._root.mark
        raise InvalidInputError(
            f"the notebook uses {', '.join(lost)}, which the run would not have: {', '.join(lost.values())} lies "
            f"outside the project {self._root.path}",
            hint=f"Say what the project is: gristmill init {shlex.quote(os.path.relpath(above))}"
            if mark is None
            else f"{mark} marks {self._root.path} as the project: move it to {above}, or the modules into the project.",
            faults=tuple(Fault(where=path, message=f"{path} lies outside the project") for path in lost.values()),
        )

    def _walk(self, named: NamedPaths, modules: Modules) -> tuple[Found, ...]:
        marked = self._root.mark is not None
        entries = MAX_ENTRIES if marked else MAX_ENTRIES_UNMARKED
        near = None
        if not marked and "/" in self._path:
            near = Near(self._root, self._path, modules, named)
            self._notices.append(
                f"project: {self._root.path} (no mark; `gristmill init {shlex.quote(os.path.relpath(self._root.path))}`"
                " makes it certain)"
            )
        walked = walk(self._root, self._ignores, entries=entries, files=2 * MAX_FILES, data=self._data, near=near)
        if walked.complete:
            self._left_out += walked.left_out
            return walked.found
        if marked:
            files = f"more than {2 * MAX_FILES} files, at most {MAX_FILES} are allowed"
            too_many = files if len(walked.found) > MAX_FILES else f"more than {entries} entries in its folders"
            raise self._too_large(too_many, walked.found)
        self._notices.append(
            f"{self._root.path} is not marked as a project and holds more than {MAX_ENTRIES_UNMARKED} entries: only "
            f"the notebook, the modules that it imports and the small files that it names are packed. A project is a "
            f"folder with one of {', '.join(MARKS)}."
        )
        return self._named_only(named, walked)

    def _without_unbuilt(self, found: tuple[Found, ...], modules: Modules) -> tuple[Found, ...]:
        """Their Python files would be found before the installed package; their data is as any other's."""
        self._notices += [
            f"the package {package} of the project is not used: its {lost} is not there, as before it is built. The "
            f"installed one is, if there is one."
            for package, lost in modules.unbuilt.items()
        ]
        return tuple(
            one
            for one in found
            if not (one.path.endswith(".py") and any(lies_in(one.path, package) for package in modules.unbuilt))
        )

    def _named_only(self, named: NamedPaths, walked: Walked) -> tuple[Found, ...]:
        """The small files that the source names, wherever the walk was stopped."""
        self._left_out += [one for one in walked.left_out if named.names(one.path)]
        met = {one.path for one in walked.found} | {one.path for one in walked.left_out}
        found = [one for one in walked.found if named.names(one.path)]
        for path in sorted(named.paths - met):
            real = self._root.path / path
            if real.is_symlink() or not real.is_file() or self._ignores.ignored_with_parents(path):
                continue
            if not self._root.holds(real.resolve()) or any(lies_in(path, place) for place in self._data):
                continue
            size = real.stat().st_size
            if size > SMALL:
                self._left_out.append(LeftOut(path=path, reason=Reason.LARGE, size=size))
            else:
                found.append(Found(path=path, real=real.resolve(), size=size))
        return tuple(found)

    def _check_caps(self, found: Iterable[Found], modules: Modules) -> None:
        """Before anything is read: a project that is too large says so at once."""
        found = [one for one in found if one.path not in modules.files]
        if len(found) + len(modules.files) + 1 > MAX_FILES:
            raise self._too_large(f"{len(found) + len(modules.files)} files, at most {MAX_FILES} are allowed", found)
        if (total := sum(one.size for one in found)) > MAX_BYTES:
            raise self._too_large(f"{total} bytes of small files, at most {MAX_BYTES} are allowed", found)

    def _too_large(self, what: str, found: Iterable[Found]) -> TooLargeError:
        folders = ", ".join(largest({one.path: one.size for one in found}))
        return TooLargeError(
            f"the project {self._root.path} is too large for a snapshot: it holds {what}; largest: {folders}",
            hint=f"Name what is data and not code in {self._root.path / OWN}, a folder a line, such as `data/`.",
        )

    def _take_modules(self, modules: Modules) -> None:
        """Needed modules are packed whatever their size, and though they be ignored."""
        for path in modules.files:
            if path in self._files:
                continue
            try:
                self._add(path, read_regular((self._root.path / path).resolve(), MAX_BYTES))
            except GrownError as error:
                raise TooLargeError(f"the module {path} has more than {MAX_BYTES} bytes") from error
            except OSError as error:
                raise _unreadable("the module", path, error) from error

    def _take_files(self, found: Iterable[Found]) -> None:
        for one in found:
            if one.path in self._files:
                continue
            try:
                self._add(one.path, read_regular(one.real, SMALL))
            except FileNotFoundError:  # gone meanwhile
                continue
            except GrownError:
                self._left_out.append(LeftOut(path=one.path, reason=Reason.LARGE))
            except NotRegularError:
                self._left_out.append(LeftOut(path=one.path, reason=Reason.SPECIAL))
            except OSError:
                self._left_out.append(LeftOut(path=one.path, reason=Reason.UNREADABLE, size=one.size))

    def _add(self, path: str, regular: Regular) -> None:
        check_path(path)
        self._files[path] = SnapshotFile(
            path=path,
            digest=self._contents.add(regular.data),
            size=len(regular.data),
            executable=regular.executable,
        )

    def _request(self, modules: Modules, source: str) -> SnapshotRequest:
        state = git_state(self._root.path, self._files)
        facts = state.facts if state else None
        if state and state.notice:
            self._notices.append(state.notice)
        if state and state.diff:
            facts = replace(state.facts, diff=self._contents.add(state.diff))
        return SnapshotRequest(
            notebook=self._path,
            files=tuple(self._files[path] for path in sorted(self._files)),
            import_roots=modules.roots,
            git=facts,
            source=source,
        )


def _unreadable(what: str, path: str, error: OSError) -> InvalidInputError:
    return InvalidInputError(f"{what} {path} cannot be read: {os.strerror(error.errno) if error.errno else error}")
