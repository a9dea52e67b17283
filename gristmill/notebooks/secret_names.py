"""Which secrets a notebook asks for by name, read from its source without running it."""

import ast
from collections.abc import Iterator

from gristmill.notebooks.source import NotebookSource
from gristmill.notebooks.trees import first_text, in_order, trees_of

_PACKAGE = "gristmill"
_VERB = "secret"


def read_secret_names(notebook: NotebookSource) -> tuple[str, ...]:
    """The names in `gristmill.secret("NAME")`, each once, in order; under other names of module and verb too.

    A name that is put together is not known before the run. What is no Python is passed over.
    """
    if not notebook.is_python or not any(_VERB in cell.source for cell in notebook.code_cells):
        return ()
    trees = trees_of(notebook)
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules, verbs = set(_modules(nodes)), set(_verbs(nodes))
    calls = (node for tree in trees for node in in_order(tree) if isinstance(node, ast.Call))
    return tuple(dict.fromkeys(name for call in calls for name in _asked(call, modules, verbs)))


def _modules(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (one.asname or one.name for one in node.names if one.name == _PACKAGE)


def _verbs(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == _PACKAGE and node.level == 0:
            yield from (one.asname or one.name for one in node.names if one.name == _VERB)


def _asked(call: ast.Call, modules: set[str], verbs: set[str]) -> Iterator[str]:
    function = call.func
    own = (isinstance(function, ast.Name) and function.id in verbs) or (
        isinstance(function, ast.Attribute)
        and function.attr == _VERB
        and isinstance(function.value, ast.Name)
        and function.value.id in modules
    )
    if own:
        yield from first_text([*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "name")])
