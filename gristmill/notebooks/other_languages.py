"""Parameters of notebooks that are not Python, as far as papermill infers them.

papermill's own translators for R, Julia, Scala, Matlab, .NET and Bash write parameters and read none; a translator that
another package registers may. What is inferred is for people to see: it is never checked against.
"""

import ast
import json
from typing import Any

from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.notebooks.source import Cell, NotebookSource

_TYPES = {
    "int": ParameterType.INT,
    "integer": ParameterType.INT,
    "float": ParameterType.FLOAT,
    "double": ParameterType.FLOAT,
    "bool": ParameterType.BOOL,
    "boolean": ParameterType.BOOL,
    "str": ParameterType.STR,
    "string": ParameterType.STR,
    "list": ParameterType.LIST,
    "dict": ParameterType.DICT,
}


def infer_parameters(notebook: NotebookSource) -> ParameterSchema:
    """The tagged cell and what papermill infers of it: nothing where papermill or its translator cannot."""
    cell = notebook.parameters_cell
    parameters = _inspect(notebook, cell) if cell else ()
    return ParameterSchema(
        language=notebook.language, cell=cell.index if cell else None, parameters=parameters, checked=False
    )


def _inspect(notebook: NotebookSource, cell: Cell) -> tuple[Parameter, ...]:
    try:
        from papermill.exceptions import PapermillException
        from papermill.translators import papermill_translators
    except ImportError:
        return ()
    try:
        translator = papermill_translators.find_translator(notebook.kernel, notebook.language)
        found = translator.inspect({"source": cell.source})
    except (NotImplementedError, PapermillException):
        return ()
    return tuple(_parameter(one) for one in found)


def _parameter(found: Any) -> Parameter:
    kind = _TYPES.get(str(found.inferred_type_name).lower(), ParameterType.ANY)
    return Parameter(name=found.name, type=kind, default=_value(found.default), help=found.help or None)


def _value(text: str) -> Any:
    """Papermill gives defaults as source text; one that is no plain literal is left out."""
    for read in (json.loads, ast.literal_eval):
        try:
            return json.loads(json.dumps(read(text), allow_nan=False))
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
