"""What a Python notebook reads whatever happens: files without which it surely fails."""

import ast
import posixpath
import re
from collections.abc import Iterator

from gristmill.client.pack.literals import MAX_SOURCE, assigned, name_of, path_of, paths_in
from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import NotebookSource

# A look at a file's size or a folder's entries fails without it as reading does; `exists` and `isfile` do not.
_READERS = re.compile(
    r"read(_\w+)?|load(_?\w+)?|scan_\w+|open|imread|genfromtxt|from_(csv|file|json|parquet)|memmap"
    r"|l?stat|getsize|get[acm]time|listdir|scandir|iterdir"
)
_MAY_OR_MAY_NOT = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.If, ast.Try, ast.TryStar, ast.IfExp),
    *(ast.While, ast.For, ast.AsyncFor, ast.Match, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def certain_reads(notebook: NotebookSource, folder: str) -> frozenset[str]:
    """Paths, from the project root, that top-level code opens for reading before anything else names them.

    One that was named before may have been written by the notebook itself, or looked for. One of the parameters cell
    may be given another value.
    """
    if not notebook.is_python:
        return frozenset()
    sure: set[str] = set()
    met: set[str] = set()
    values: dict[str, str] = {}  # what names stand for
    for cell in notebook.code_cells:
        try:
            tree = parse(cell.source, MAX_SOURCE).tree
        except InvalidInputError:
            continue
        given = cell is notebook.parameters_cell
        for statement in tree.body:
            if not given and (found := assigned(statement, values)):
                values.update([found])
                continue
            if not given:
                sure |= _normal(_read_by(statement, values)) - met
            met |= _normal(paths_in(statement, values))
    relative = (one for one in sure if not one.startswith(("/", "~")))
    return frozenset(posixpath.normpath(posixpath.join(folder, one)) for one in relative)


def _read_by(statement: ast.stmt, values: dict[str, str]) -> Iterator[str]:
    for node in _always(statement):
        if not isinstance(node, ast.Call) or not _READERS.fullmatch(name_of(node.func)):
            continue
        of = path_of(node.func.value, values) if isinstance(node.func, ast.Attribute) else None
        if of is not None:  # Path("…").read_text()
            if not _writes(node, mode_at=0):
                yield of
        elif node.args and (text := path_of(node.args[0], values)) and not _writes(node, mode_at=1):
            yield text


def _always(node: ast.AST) -> Iterator[ast.AST]:
    """What is evaluated wherever the statement is executed."""
    if isinstance(node, _MAY_OR_MAY_NOT):
        return
    yield node
    for below in ast.iter_child_nodes(node):
        yield from _always(below)


def _normal(paths: Iterator[str]) -> set[str]:
    return {posixpath.normpath(one) for one in paths if one}


def _writes(call: ast.Call, *, mode_at: int) -> bool:
    named = (one.value for one in call.keywords if one.arg == "mode")
    mode = call.args[mode_at] if len(call.args) > mode_at else next(named, None)
    return name_of(call.func) == "open" and not (
        mode is None or (isinstance(mode, ast.Constant) and str(mode.value).strip("bt+") == "r")
    )
