"""The parameters of a Python notebook, read from its parameters cell by syntax tree: nothing of it is executed."""

from dataclasses import replace
from typing import Any

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.notebooks.annotations import Declared, read_annotation, read_text
from gristmill.notebooks.assignments import Assignment, Commented, assignments
from gristmill.notebooks.comments import Comment, plain_help, read_comment
from gristmill.notebooks.literals import Value, value_of
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.notebooks.python_source import parse
from gristmill.notebooks.source import Cell, NotebookSource

MAX_CELL = 50_000  # characters of a parameters cell: written by hand, and each costs some 700 bytes of tree
MAX_PARAMETERS = 500

_NUMBERS = {ParameterType.INT, ParameterType.FLOAT}


def read_parameters(notebook: NotebookSource) -> ParameterSchema:
    """What can be set from outside. Notebooks in other languages are not read: `checked` is False.

    Raises:
        InvalidInputError: where two cells are tagged, or the tagged one is not Python; names cell and line.
    """
    cell = notebook.parameters_cell
    if cell is None or not notebook.is_python:
        index = cell.index if cell else None
        return ParameterSchema(language=notebook.language, cell=index, checked=notebook.is_python)
    return ParameterSchema(
        language="python", cell=cell.index, parameters=_read_cell(cell, f"cell {notebook.number(cell)}")
    )


def _read_cell(cell: Cell, where: str) -> tuple[Parameter, ...]:
    try:
        parameters = cell_parameters(cell.source)
    except InvalidInputError as error:
        raise type(error)(
            f"the parameters cell ({where}) cannot be read: {error.message}",
            hint="A parameters cell is plain assignments, such as `learning_rate: float = 0.1`.",
            faults=(Fault(where=where, message=error.message),),
        ) from error
    if len(parameters) > MAX_PARAMETERS:
        raise InvalidInputError(f"{where} sets {len(parameters)} names, at most {MAX_PARAMETERS} can be parameters")
    return parameters


def cell_parameters(source: str) -> tuple[Parameter, ...]:
    """The parameters that a cell with this source has.

    Raises:
        InvalidInputError: where it is not Python.
    """
    try:
        return tuple(_parameter(found) for found in assignments(parse(source, MAX_CELL)))
    except RecursionError as error:
        raise InvalidInputError("the code is nested too deeply to be read") from error


def _parameter(found: Commented) -> Parameter:
    """Annotation before `# type:` before inference; the comment behind before the lines above."""
    assignment = found.assignment
    value = _value(assignment)
    behind = read_comment(found.behind or "")
    declared = _declared(found, behind)
    parameter = Parameter(
        name=assignment.name,
        type=declared.type if declared else value.type if value else ParameterType.ANY,
        required=value is None and assignment.certain,
        default=value.json if value else None,
        nullable=bool((declared and declared.nullable) or (value and value.known and value.json is None)),
        items=declared.items if declared else value.items if value else None,
        line=assignment.line,
    )
    if declared:
        parameter = _with_declared(parameter, declared)
    return _as_float(_with_comments(parameter, found, behind), declared=declared is not None)


def _value(assignment: Assignment) -> Value | None:
    if assignment.value is None:
        return None
    value = value_of(assignment.value)
    return value if assignment.certain else replace(value, json=None, known=False)


def _declared(found: Commented, behind: Comment) -> Declared | None:
    if found.assignment.annotation is not None:
        return read_annotation(found.assignment.annotation)
    return read_text(behind.type) if behind.type else None


def _with_declared(parameter: Parameter, declared: Declared) -> Parameter:
    return replace(
        parameter,
        choices=declared.choices,
        minimum=declared.minimum,
        maximum=declared.maximum,
        exclusive_minimum=declared.exclusive_minimum,
        exclusive_maximum=declared.exclusive_maximum,
        help=declared.help,
    )


def _with_comments(parameter: Parameter, found: Commented, behind: Comment) -> Parameter:
    """With help, range and choices of the comments, unless the annotation has said them already."""
    for text in (found.behind, found.above):
        if not text:
            continue
        comment = behind if text is found.behind else read_comment(text)
        hinted = _with_choices(_with_range(parameter, comment), comment)
        # A range that did not fit was prose: then it stays in the help.
        taken = hinted is not parameter or not _has_hints(comment)
        parameter = replace(hinted, help=parameter.help or (comment.help if taken else plain_help(text)))
    return parameter


def _has_hints(comment: Comment) -> bool:
    return bool(comment.choices) or comment.minimum is not None or comment.maximum is not None


def _with_range(parameter: Parameter, comment: Comment) -> Parameter:
    low, high = comment.minimum, comment.maximum
    has_one = parameter.minimum is not None or parameter.maximum is not None
    if (low is None and high is None) or has_one or parameter.type not in {*_NUMBERS, ParameterType.ANY}:
        return parameter
    if low is not None and high is not None and low > high:
        return parameter
    ranged = replace(
        parameter,
        minimum=low,
        maximum=high,
        exclusive_minimum=comment.exclusive_minimum,
        exclusive_maximum=comment.exclusive_maximum,
    )
    default = parameter.default
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    if default is not None and not (is_number and ranged.in_range(default)):
        return parameter
    return ranged


def _with_choices(parameter: Parameter, comment: Comment) -> Parameter:
    kind = parameter.items if parameter.type is ParameterType.LIST else parameter.type
    if not comment.choices or parameter.choices or kind not in {*_NUMBERS, ParameterType.STR, ParameterType.ANY, None}:
        return parameter
    choices = _typed(comment.choices, kind)
    given = parameter.default if isinstance(parameter.default, list) else [parameter.default]
    if choices is None or any(one not in choices for one in given if one is not None):
        return parameter
    return replace(parameter, choices=choices)


def _typed(texts: tuple[str, ...], kind: ParameterType | None) -> tuple[Any, ...] | None:
    convert = {ParameterType.INT: int, ParameterType.FLOAT: float}.get(kind or ParameterType.ANY, str)
    try:
        return tuple(convert(text) for text in texts)
    except ValueError:
        return None


def _as_float(parameter: Parameter, *, declared: bool) -> Parameter:
    """An inferred int whose range has fractions was meant as a float; a float's default is one."""
    ends = (parameter.minimum, parameter.maximum)
    if parameter.type is ParameterType.INT and not declared and any(isinstance(end, float) for end in ends):
        parameter = replace(parameter, type=ParameterType.FLOAT)
    if parameter.type is ParameterType.FLOAT and isinstance(parameter.default, int):
        return replace(parameter, default=float(parameter.default))
    return parameter
