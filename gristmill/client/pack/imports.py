"""Which modules a piece of Python asks for, read from its syntax tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gristmill.client.pack.literals import name_of, paths_in

_RUN = re.compile(r"^[ \t]*%run[ \t]+(?:-\w+[ \t]+)*[\"']?([\w./ -]+?\.(?:py|ipynb))[\"']?(?:[ \t].*)?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Import:
    """`level` is the number of leading dots; `names` may be modules of `parts`, or things inside it."""

    parts: tuple[str, ...]
    names: tuple[str, ...] = ()
    level: int = 0


def imports_of(tree: ast.AST) -> Iterator[Import]:
    """Every import, wherever it stands, and `import_module("…")` of a constant."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(parts=tuple(alias.name.split(".")))
            case ast.ImportFrom(module=module, names=names, level=level):
                parts = tuple(module.split(".")) if module else ()
                yield Import(parts=parts, names=tuple(alias.name for alias in names), level=level)
            case ast.Call(func=function, args=[ast.Constant(value=str() as name), *_]):
                if name_of(function) in {"import_module", "__import__"} and name.replace(".", "").isidentifier():
                    yield Import(parts=tuple(name.split(".")))


def added_folders(tree: ast.AST, values: Mapping[str, str]) -> Iterator[str]:
    """Paths that are put on `sys.path`, and the parts that they are made of; `values` are the paths of names."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="append" | "insert" | "extend", value=ast.Attribute(attr="path"))):
                for argument in node.args:
                    yield from paths_in(argument, values)


def run_files(source: str) -> list[str]:
    """Files that `%run` executes."""
    return _RUN.findall(source)
