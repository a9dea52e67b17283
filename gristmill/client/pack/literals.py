"""Paths that expressions of a notebook stand for whatever happens, seen from the folder that it runs in."""

import ast
import posixpath
from collections.abc import Iterator, Mapping, Sequence

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import NotebookSource

MAX_SOURCE = 2 * 10**6  # bytes of a cell

_SAME = {"abspath", "fspath", "normpath", "realpath", "str"}
_SAME_METHODS = {"absolute", "as_posix", "resolve"}


def path_of(node: ast.expr, values: Mapping[str, str]) -> str | None:
    """Of a constant, a name in `values`, and what `os.path` and `pathlib` make of them; None where that is not sure."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            return values.get(name)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined([left, right], values)
        case ast.Attribute(value=value, attr="parent"):
            return _parent(path_of(value, values))
        case ast.Attribute(value=ast.Name(id="os"), attr="pardir"):
            return ".."
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _called(function, arguments, values)
    return None


def assigned(statement: ast.stmt, values: Mapping[str, str]) -> tuple[str, str] | None:
    """The name and the path of `NAME = <path>`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if (text := path_of(value, values)) is not None:
            return name, text
    return None


def paths_in(tree: ast.AST, values: Mapping[str, str]) -> Iterator[str]:
    """Every path that some expression below the node stands for, parts of longer ones too."""
    for node in ast.walk(tree):
        reads = not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.expr) and reads and (text := path_of(node, values)) is not None:
            yield text


def paths_of(notebook: NotebookSource) -> Iterator[str]:
    """Those of all cells of a Python notebook."""
    values: dict[str, str] = {}
    for cell in notebook.code_cells if notebook.is_python else ():
        try:
            tree = parse(cell.source, MAX_SOURCE).tree
        except InvalidInputError:
            continue
        for statement in tree.body:
            yield from paths_in(statement, values)
            values.update([found] if (found := assigned(statement, values)) else [])


def name_of(function: ast.expr) -> str:
    """The last part of what is called."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _called(function: ast.expr, arguments: Sequence[ast.expr], values: Mapping[str, str]) -> str | None:
    name = name_of(function)
    of = function.value if isinstance(function, ast.Attribute) else None
    if name in {"Path", "PurePath"}:
        return _joined(arguments, values)
    if name in {"cwd", "getcwd"} and not arguments:
        return "."
    if name == "join" and isinstance(of, ast.Attribute | ast.Name) and name_of(of) in {"osp", "path"}:
        return _joined(arguments, values)
    if name == "joinpath" and of is not None:
        return _joined([of, *arguments], values)
    if name in _SAME and len(arguments) == 1:
        return path_of(arguments[0], values)
    if name == "dirname" and len(arguments) == 1:
        return _parent(path_of(arguments[0], values))
    if name in _SAME_METHODS and of is not None and not arguments:
        return path_of(of, values)
    return None


def _joined(parts: Sequence[ast.expr], values: Mapping[str, str]) -> str | None:
    texts = [path_of(part, values) for part in parts]
    known = [text for text in texts if text is not None]
    return posixpath.join(".", *known) if len(known) == len(texts) else None


def _parent(path: str | None) -> str | None:
    return None if path is None else posixpath.normpath(posixpath.join(path, ".."))
