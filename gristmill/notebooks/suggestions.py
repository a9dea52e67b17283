"""What a notebook without a parameters cell could have as parameters."""

from dataclasses import dataclass

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.model import Parameter, ParameterType
from gristmill.notebooks.python_parameters import cell_parameters
from gristmill.notebooks.source import NotebookSource

CODE_CELLS = 5  # settings stand at the top


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """An assignment of a literal in code cell `cell`, as a run counts them: from 1."""

    cell: int
    parameter: Parameter


def suggest_parameters(notebook: NotebookSource) -> tuple[Suggestion, ...]:
    """Names that the first code cells set to plain values, each once; none where a parameters cell exists."""
    if notebook.parameters_cell or not notebook.is_python:
        return ()
    found: dict[str, Suggestion] = {}
    for cell in notebook.code_cells[:CODE_CELLS]:
        try:
            parameters = cell_parameters(cell.source)
        except InvalidInputError:  # it will say so when it runs; there is nothing to offer from it
            continue
        for parameter in parameters:
            if _is_setting(parameter):
                found.setdefault(parameter.name, Suggestion(cell=notebook.number(cell), parameter=parameter))
    return tuple(found.values())


def _is_setting(parameter: Parameter) -> bool:
    """Whether it has a plain value; empty lists and dictionaries are there to be filled, not to be set."""
    if parameter.name.startswith("_") or parameter.default is None:
        return False
    return parameter.type not in {ParameterType.LIST, ParameterType.DICT} or bool(parameter.default)
