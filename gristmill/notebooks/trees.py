"""A notebook's cells as syntax trees, for what is read from its source without running it."""

import ast
from collections.abc import Iterable, Iterator

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import MAX_CELL_BYTES, NotebookSource


def trees_of(notebook: NotebookSource) -> list[ast.Module]:
    """One for each code cell that is Python; what is none is passed over."""
    return [tree for cell in notebook.code_cells if (tree := _tree(cell.source)) is not None]


def in_order(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes as they stand in the source."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from in_order(child)


def first_text(given: Iterable[ast.expr]) -> Iterator[str]:
    """The first of these expressions, where it is a text that can be sent; none where it is known at the run only."""
    first = next(iter(given), None)
    # Half of a surrogate pair names no secret and no variable, and is no JSON.
    if (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and not any("\ud800" <= character <= "\udfff" for character in first.value)
    ):
        yield first.value


def _tree(source: str) -> ast.Module | None:
    try:
        return parse(source, MAX_CELL_BYTES).tree
    except InvalidInputError:
        return None
