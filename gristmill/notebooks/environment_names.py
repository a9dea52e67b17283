"""Which environment variables a notebook reads by name, read from its source without running it."""

import ast
from collections.abc import Iterator

from gristmill.notebooks.source import NotebookSource
from gristmill.notebooks.trees import first_text, in_order, trees_of

_MODULE = "os"
_MAPPING = "environ"
_FUNCTION = "getenv"
_METHODS = frozenset({"get", "pop"})


def read_environment_names(notebook: NotebookSource) -> tuple[str, ...]:
    """The names that it reads from `os.environ` or by `os.getenv`, each once, in order.

    A name that is put together is not known before the run. What is no Python is passed over.
    """
    if not notebook.is_python or not any(_MODULE in cell.source for cell in notebook.code_cells):
        return ()
    nodes = [node for tree in trees_of(notebook) for node in in_order(tree)]
    own = _Names(nodes)
    return tuple(dict.fromkeys(name for node in nodes for name in own.read(node)))


class _Names:
    """What the notebook calls the module, its mapping and its function."""

    def __init__(self, nodes: list[ast.AST]) -> None:
        self.modules = {
            one.asname or one.name
            for node in nodes
            if isinstance(node, ast.Import)
            for one in node.names
            if one.name == _MODULE
        }
        taken = {
            one.asname or one.name: one.name
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.module == _MODULE and node.level == 0
            for one in node.names
        }
        self.mappings = {name for name, of in taken.items() if of == _MAPPING}
        self.functions = {name for name, of in taken.items() if of == _FUNCTION}

    def read(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and self._is_mapping(node.value):
            yield from first_text([node.slice])
        elif isinstance(node, ast.Call) and self._reads(node.func):
            yield from first_text([*node.args[:1], *(one.value for one in node.keywords if one.arg == "key")])

    def _reads(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            return function.id in self.functions
        return isinstance(function, ast.Attribute) and (
            (function.attr == _FUNCTION and self._is_module(function.value))
            or (function.attr in _METHODS and self._is_mapping(function.value))
        )

    def _is_mapping(self, value: ast.expr) -> bool:
        return (isinstance(value, ast.Name) and value.id in self.mappings) or (
            isinstance(value, ast.Attribute) and value.attr == _MAPPING and self._is_module(value.value)
        )

    def _is_module(self, value: ast.expr) -> bool:
        return isinstance(value, ast.Name) and value.id in self.modules
