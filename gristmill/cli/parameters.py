"""`gristmill parameters`: what a notebook takes, read without running it and without a control plane."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gristmill.cli.notebook import Notebook
    from gristmill.cli.tables import Cell
    from gristmill.notebooks.model import Parameter


def parameters(
    path: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Path of an .ipynb file.")], as_json: AsJson = False
) -> None:
    """Show what a notebook takes.

    Names, defaults, types, ranges and help are read without running it; --json prints a JSON Schema (2020-12).
    """
    from gristmill.cli.notebook import open_notebook
    from gristmill.cli.output import write_json

    notebook = open_notebook(path)
    if as_json:
        from gristmill.notebooks.json_schema import to_json_schema

        write_json(to_json_schema(notebook.schema, path.stem))
        return
    _table(notebook.schema.parameters)
    _remarks(notebook)


def _table(found: "Sequence[Parameter]") -> None:
    from gristmill.cli.output import table
    from gristmill.cli.tables import Cell, Column
    from gristmill.notebooks.values import expected

    if found:
        titles = (Column(title="name"), Column(title="default"), Column(title="takes"))
        rows = [(Cell(one.name, bold=True), _default(one), expected(one), one.help or "") for one in found]
        table((*titles, Column(title="help", shrinks=True)), rows)


def _default(one: "Parameter") -> "Cell":
    from gristmill.cli.quantities import value
    from gristmill.cli.tables import Cell

    if one.required:
        return Cell("required", "yellow")
    if one.default is None and not one.nullable:
        return Cell("its own", "bright_black")  # an expression, which only the running notebook knows
    return Cell(value(one.default, 30))


def _remarks(notebook: "Notebook") -> None:
    """What there is to say where the cell is not there or cannot be read."""
    from gristmill.cli.output import remark

    schema = notebook.schema
    if schema.cell is None:
        remark(f"{notebook.path} has no cell tagged 'parameters': it runs as it is, and nothing can be set.")
        _suggest(notebook)
    elif not schema.checked:
        remark(f"The notebook is in {schema.language}: values are passed on as they are, without a check.")
    elif not schema.parameters:
        remark("The cell tagged 'parameters' assigns nothing.")


def _suggest(notebook: "Notebook") -> None:
    from gristmill.cli.output import remark
    from gristmill.notebooks.suggestions import suggest_parameters

    if found := suggest_parameters(notebook.source):
        cells = ", ".join(str(cell) for cell in sorted({one.cell for one in found}))
        remark(f"These could be parameters, if cell {cells} carried the tag:")
        _table([one.parameter for one in found])
