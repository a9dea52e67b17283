"""What a Python notebook reads whatever happens: files without which it surely fails."""

import ast
import posixpath
import re
from collections.abc import Iterator

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import NotebookSource

MAX_SOURCE = 2 * 10**6  # bytes of a cell

_READERS = re.compile(r"read(_\w+)?|load(_?\w+)?|scan_\w+|open|imread|genfromtxt|from_(csv|file|json|parquet)|memmap")
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
            if (assigned := _assigned(statement)) and not given:
                values[assigned[0]] = assigned[1]
                continue
            if not given:
                sure |= set(_read_by(statement, values)) - met
            met |= set(_mentioned(statement, values))
    relative = (one for one in sure if not one.startswith(("/", "~")))
    return frozenset(posixpath.normpath(posixpath.join(folder, one)) for one in relative)


def _read_by(statement: ast.stmt, values: dict[str, str]) -> Iterator[str]:
    for node in _always(statement):
        if not isinstance(node, ast.Call) or not _READERS.fullmatch(_name(node.func)) or _writes(node):
            continue
        if node.args and (text := _text(node.args[0], values)):
            yield text
        elif isinstance(node.func, ast.Attribute) and (text := _path(node.func.value, values)):
            yield text  # Path("…").read_text()


def _always(node: ast.AST) -> Iterator[ast.AST]:
    """What is evaluated wherever the statement is executed."""
    if isinstance(node, _MAY_OR_MAY_NOT):
        return
    yield node
    for below in ast.iter_child_nodes(node):
        yield from _always(below)


def _writes(call: ast.Call) -> bool:
    mode = call.args[1] if len(call.args) > 1 else next((one.value for one in call.keywords if one.arg == "mode"), None)
    return _name(call.func) == "open" and not (
        mode is None or (isinstance(mode, ast.Constant) and str(mode.value).strip("bt+") == "r")
    )


def _text(node: ast.expr, values: dict[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            return values.get(name)
    return _path(node, values)


def _path(node: ast.expr, values: dict[str, str]) -> str | None:
    match node:
        case ast.Call(func=function, args=[first]) if _name(function) in {"Path", "PurePath"}:
            return _text(first, values)
    return None


def _assigned(statement: ast.stmt) -> tuple[str, str] | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
            return name, text
    return None


def _mentioned(statement: ast.stmt, values: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in values:
            yield values[node.id]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
