"""What a notebook surely imports that does not travel with it, and what stands beside it about its packages."""

import ast
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gristmill.client.pack.packed import Packed
from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import Cell, NotebookSource, read_notebook

FILES = ("requirements.txt", "pyproject.toml")
VENVS = (".venv", "venv")
VERBS = "gristmill"  # lent by the worker where an environment lacks it

_MAX_CELL = 2 * 10**6
# Behind one of these an import may find what is not there now.
_UNSURE = re.compile(
    r"\bsys\.(path|modules|meta_path|exit)\b|\baddsitedir\b|\bimportlib\b|\bsubprocess\b|\bos\.(system|exec)"
    r"|^[ \t]*[%!][^\n]*\binstall\b|^[ \t]*%%(writefile|file|script|bash|sh)\b|^[ \t]*%run\b",
    re.MULTILINE,
)
_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~(][^;@]*)?")


@dataclass(frozen=True, kw_only=True)
class Need:
    """`cell` is the index of the first that imports the module, from 0; `number` is its place among code cells."""

    module: str
    cell: int
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Needs:
    """`kernel` is the notebook's own; `file` is what stands beside it, with the names of its `requirements`; `venv` is
    the project's virtual environment, if it has one that this is not executed in.
    """

    kernel: str | None
    imports: tuple[Need, ...] = ()
    file: Path | None = None
    requirements: tuple[str, ...] = ()
    venv: Path | None = None


def needs_of(packed: Packed, data: Collection[str] = ()) -> Needs:
    """Of a Python notebook; of another one nothing is said. `data` are the places of data roots."""
    path = packed.request.notebook
    digest = next(one.digest for one in packed.request.files if one.path == path)
    notebook = read_notebook(packed.read(digest))
    if not notebook.is_python:
        return Needs(kernel=notebook.kernel)
    local = {PurePosixPath(part).name.split(".")[0] for one in packed.request.files for part in one.path.split("/")}
    local |= {part for place in data for part in place.split("/")}
    file = _beside(packed.root, path)
    return Needs(
        kernel=notebook.kernel,
        imports=tuple(one for one in imports_of(notebook) if one.module not in local | {VERBS}),
        file=file,
        requirements=read_requirements(file) if file else (),
        venv=_venv(packed.root, path),
    )


def imports_of(notebook: NotebookSource) -> Iterator[Need]:
    """Modules whose imports surely come about: at the top level of a cell, and before anything that may change what
    can be imported.
    """
    seen: set[str] = set()
    for number, cell in enumerate(notebook.code_cells, start=1):
        for module in _modules(cell):
            if module not in seen:
                seen.add(module)
                yield Need(module=module, cell=cell.index, number=number)
        if _UNSURE.search(cell.source):
            return


def _modules(cell: Cell) -> Iterator[str]:
    first = cell.source.lstrip().split("\n", 1)[0]
    if "raises-exception" in cell.tags or (first.startswith("%%") and not first.startswith(_PYTHON_CELLS)):
        return
    if _UNSURE.search(cell.source):
        return
    try:
        tree = parse(cell.source, _MAX_CELL).tree
    except InvalidInputError:
        return
    for node in tree.body:
        match node:
            case ast.Import(names=names):
                yield from (alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(module=str() as module, level=0):
                yield module.split(".")[0]


def normal(distribution: str) -> str:
    """The name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _venv(root: Path, notebook: str) -> Path | None:
    folders = [root / parent for parent in PurePosixPath(notebook).parents]
    places = (folder / name for folder in folders for name in VENVS)
    found = next((place for place in places if (place / "pyvenv.cfg").is_file()), None)
    return None if found is None or found.resolve() == Path(sys.prefix).resolve() else found


def _beside(root: Path, notebook: str) -> Path | None:
    """The nearest one from the notebook's folder up to the project's."""
    folders = [root / parent for parent in PurePosixPath(notebook).parents]
    found = (folder / name for folder in folders for name in FILES if (folder / name).is_file())
    return next((path for path in found if read_requirements(path)), None)


def read_requirements(path: Path) -> tuple[str, ...]:
    """Names of the distributions that it asks for on every machine; those with a condition, and URLs, are left out."""
    try:
        text = path.read_text()
        lines = _dependencies(text) if path.suffix == ".toml" else None
    except (OSError, ValueError):
        return ()
    if lines is None:
        lines = [re.sub(r"(^|\s)#.*$", "", line) for line in re.sub(r"\\\n", " ", text).splitlines()]
    plain = (re.sub(r"\s--hash=\S+", "", one) for one in lines)
    return tuple(dict.fromkeys(found[1] for one in plain if (found := _REQUIREMENT.fullmatch(one.strip()))))


def _dependencies(text: str) -> list[str]:
    import tomllib

    project = tomllib.loads(text).get("project")
    found = project.get("dependencies") if isinstance(project, dict) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
