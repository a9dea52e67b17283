"""The local modules that a notebook needs, found as Python would find them."""

import ast
import os
import posixpath
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gristmill.client.pack.imports import Import, added_folders, imports_of, run_files
from gristmill.client.pack.literals import assigned
from gristmill.client.pack.regular import read_regular
from gristmill.client.pack.root import ProjectRoot
from gristmill.client.pack.unbuilt import lacking
from gristmill.core.errors import InvalidInputError
from gristmill.data_roots.model import lies_in
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import NotebookSource, read_notebook

MAX_SOURCE = 2 * 10**6  # bytes of a module that is looked into; a larger one is packed as it is
EXTENSIONS = (".so", ".pyd")


@dataclass(frozen=True, kw_only=True)
class Modules:
    """`files` and `roots` are relative to the project root; `roots` is what the import path must hold, in order.

    `unbuilt` are packages above the notebook that cannot be imported as they stand there, and what each lacks.
    `outside` is what the notebook surely imports, or executes by `%run`, from where `sys.path` leaves the root: each
    with its file or folder, whose path begins with `../`.
    """

    files: tuple[str, ...]
    roots: tuple[str, ...]
    unbuilt: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)


def find_modules(root: ProjectRoot, path: str, notebook: NotebookSource) -> Modules:
    """The modules below the root that the notebook at `path` imports, and those that these import.

    Looked for beside the notebook, in every folder above it up to the root, in each one's `src/`, and where the
    notebook itself extends `sys.path`. The standard library's names are local beside the notebook only, and a package
    whose sources were not built is too: elsewhere the installed one is meant.

    Raises:
        InvalidInputError: where a needed module is a link that leaves the root.
    """
    if not notebook.is_python:
        return Modules(files=(), roots=())
    unbuilt: dict[str, str] = {}
    while True:
        search = _Search(root, path, unbuilt)
        for cell in notebook.code_cells:
            search.read_cell(cell.source, search.home)
        search.finish()
        if not search.unbuilt:
            break
        unbuilt |= search.unbuilt
    roots = tuple(place or "." for place in search.places if place in search.used)
    return Modules(files=tuple(sorted(search.files)), roots=roots, unbuilt=unbuilt, outside=search.outside)


class _Search:
    """One pass, without the packages that an earlier one found unbuilt."""

    def __init__(self, root: ProjectRoot, notebook: str, without: Mapping[str, str]) -> None:
        self._root = root
        self._without = without
        self.unbuilt: dict[str, str] = {}
        self.home = _parent(notebook)
        self.files: set[str] = set()
        self.used: set[str] = set()
        self.places: list[str] = []
        self.outside: dict[str, str] = {}
        self._places_outside: list[str] = []
        self._values: dict[str, str] = {}  # the paths that names of cells stand for
        self._waiting: list[str] = []
        self._compiled: dict[str, list[str]] = {}  # names of extension modules by folder
        folders = [self.home, *(str(one) for one in PurePosixPath(self.home).parents)] if self.home else [""]
        for folder in (_no_dot(one) for one in folders):
            self._add_place(folder)
            self._add_place(_join(folder, "src"))

    def read_cell(self, source: str, folder: str) -> None:
        """Follows the imports of a notebook's cell; one that is not Python has none."""
        for name in run_files(source):
            if (file := self._below(folder, name)) and self._is_file(file):
                self._need(file)
            elif (above := _above(folder, name)) and folder == self.home and self._is_file(above):
                self.outside[posixpath.basename(name)] = above
        try:
            tree = parse(source, MAX_SOURCE).tree
        except InvalidInputError:
            return
        for statement in tree.body:
            for added in added_folders(statement, self._values):
                if (place := self._below(folder, added)) is not None:
                    self._add_place(place)
                elif above := _above(folder, added):
                    self._places_outside.append(above)
            self._values.update([found] if (found := assigned(statement, self._values)) else [])
        self._follow(tree, folder)
        if folder == self.home:
            self._note_outside(tree.body)

    def finish(self) -> None:
        """Follows what the modules found so far import, until nothing new is found."""
        while self._waiting:
            self._read_file(self._waiting.pop())

    def _note_outside(self, body: Sequence[ast.stmt]) -> None:
        """What is imported whatever happens, and lies where only `sys.path` leads."""
        surely = (one for one in body if isinstance(one, ast.Import | ast.ImportFrom))
        for wanted in (found for statement in surely for found in imports_of(statement) if not found.level):
            top = wanted.parts[0]
            if top in sys.stdlib_module_names or any(self._module(place, top) for place in self.places):
                continue
            found = (module for place in self._places_outside if (module := self._module(place, top)))
            if module := next(found, None):
                package = module.endswith("/__init__.py")
                self.outside[top] = _parent(module) if package else module

    def _read_file(self, file: str) -> None:
        if not file.endswith((".py", ".ipynb")):
            return
        try:
            data = read_regular(self._real(file).resolve(), MAX_SOURCE).data
        except OSError:  # too large to look into, or gone: packing it will tell
            return
        if file.endswith(".ipynb"):
            self._read_notebook(data, file)
            return
        try:
            tree = parse(data.decode(errors="replace"), MAX_SOURCE).tree
        except InvalidInputError:
            return
        self._follow(tree, _parent(file))

    def _read_notebook(self, data: bytes, file: str) -> None:
        try:
            cells = read_notebook(data).code_cells
        except InvalidInputError:
            return
        for cell in cells:
            self.read_cell(cell.source, _parent(file))

    def _follow(self, tree: ast.AST, folder: str) -> None:
        for wanted in imports_of(tree):
            if wanted.level:
                self._relative(wanted, folder)
            else:
                self._absolute(wanted, folder)

    def _relative(self, wanted: Import, folder: str) -> None:
        parts = folder.split("/") if folder else []
        if wanted.level - 1 <= len(parts):
            base = "/".join(parts[: len(parts) - wanted.level + 1])
            self._take(base, wanted)

    def _absolute(self, wanted: Import, folder: str) -> None:
        """A module or a package with `__init__` anywhere comes before a bare folder of that name."""
        top = wanted.parts[0]
        places = [place for place in self.places if place == self.home or top not in sys.stdlib_module_names]
        places = [place for place in places if _join(place, top) not in self._without]
        real = next((place for place in places if self._module(place, top)), None)
        if real is None:
            bare = (place for place in places if self._is_folder(_join(place, top)))
            real = next((place for place in bare if self._namespace_has(place, wanted)), None)
        if real is not None:
            self.used.add(real)
            self._take(real, wanted)
            package = _join(real, top)
            if real != self.home and not lies_in(folder, package) and (lost := lacking(self._real(real), wanted)):
                self.unbuilt[package] = lost

    def _namespace_has(self, place: str, wanted: Import) -> bool:
        """Whether a bare folder holds what is asked of it; else it may be data beside an installed package."""
        folder = _join(place, wanted.parts[0])
        for part in wanted.parts[1:]:
            if self._module(folder, part):
                return True
            folder = _join(folder, part)
        return any(self._module(folder, name) for name in wanted.names)

    def _take(self, folder: str, wanted: Import) -> None:
        """Needs every module on the way down from `folder`, and the names that are modules at its end."""
        for part in wanted.parts:
            if module := self._module(folder, part):
                self._need(module)
            folder = _join(folder, part)
            if not self._is_folder(folder):
                return
        for name in wanted.names:
            if module := self._module(folder, name):
                self._need(module)
        if not wanted.parts and (package := self._file(folder, "__init__.py")):
            self._need(package)

    def _module(self, folder: str, name: str) -> str | None:
        """The file that `import name` would run in a folder."""
        found = self._file(folder, f"{name}/__init__.py") or self._file(folder, f"{name}.py")
        return found or self._extension(folder, name)

    def _extension(self, folder: str, name: str) -> str | None:
        if folder not in self._compiled:
            try:
                names = sorted(one.name for one in self._real(folder).iterdir() if one.suffix in EXTENSIONS)
            except OSError:
                names = []
            self._compiled[folder] = names
        return next((_join(folder, one) for one in self._compiled[folder] if one.startswith(f"{name}.")), None)

    def _file(self, folder: str, name: str) -> str | None:
        path = _join(folder, name)
        return path if self._is_file(path) else None

    def _need(self, path: str) -> None:
        if path in self.files:
            return
        real = Path(os.path.realpath(self._real(path)))
        if not self._root.holds(real):
            raise InvalidInputError(
                f"the module {path} is a link to {real}, outside the project root {self._root.path}",
                hint="Copy it into the project, or install it in the notebook's environment.",
            )
        self.files.add(path)
        self._waiting.append(path)

    def _add_place(self, folder: str) -> None:
        if folder not in self.places and self._is_folder(folder):
            self.places.append(folder)

    def _below(self, folder: str, name: str) -> str | None:
        """A relative path that a notebook in `folder` names, if it stays in the root."""
        path = posixpath.normpath(posixpath.join(folder, name))
        if path.startswith(("/", "../")) or path == ".." or "\0" in path:
            return None
        return _no_dot(path)

    def _real(self, path: str) -> Path:
        return self._root.path / path

    def _is_file(self, path: str) -> bool:
        return self._real(path).is_file()

    def _is_folder(self, path: str) -> bool:
        return self._real(path).is_dir()


def _above(folder: str, name: str) -> str | None:
    """A relative path that leaves the root, if it does."""
    path = posixpath.normpath(posixpath.join(folder, name))
    return path if "\0" not in path and (path == ".." or path.startswith("../")) else None


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _no_dot(path: str) -> str:
    return "" if path == "." else path
