"""Values as Python source: what a run's injected cell says.

A date must reach a notebook that has `date(2026, 1, 31)` as a date and not as text, whatever the notebook imports.
"""

from collections.abc import Mapping
from typing import Any

from gristmill.notebooks.model import ParameterSchema, ParameterType

_DATES = {ParameterType.DATE: "date", ParameterType.DATETIME: "datetime"}


def injected_source(schema: ParameterSchema, values: Mapping[str, Any], comment: str = "Parameters") -> str:
    """Assignments of checked values, one a line, behind a comment."""
    known = {parameter.name: parameter for parameter in schema.parameters}
    lines = [f"# {comment}"]
    for name, value in values.items():
        parameter = known.get(name)
        kind = parameter.type if parameter else ParameterType.ANY
        lines.append(f"{name} = {to_python(value, kind, parameter.items if parameter else None)}")
    return "\n".join(lines) + "\n"


def to_python(value: Any, kind: ParameterType = ParameterType.ANY, items: ParameterType | None = None) -> str:
    """An expression whose value is `value` as the type asks; dates come as ISO 8601 text and leave as dates."""
    if isinstance(value, str) and kind in _DATES:
        return f"__import__('datetime').{_DATES[kind]}.fromisoformat({value!r})"
    if isinstance(value, list) and items in _DATES:
        return f"[{', '.join(to_python(item, items) for item in value)}]"
    if isinstance(value, dict) and items in _DATES:
        return f"{{{', '.join(f'{key!r}: {to_python(item, items)}' for key, item in value.items())}}}"
    return repr(value)
