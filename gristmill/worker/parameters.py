"""Values of parameters as source in the notebook's own language."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from papermill.translators import PythonTranslator, papermill_translators

from gristmill.core.errors import InvalidInputError
from gristmill.notebooks.injection import to_python
from gristmill.notebooks.model import Parameter, ParameterSchema
from gristmill.notebooks.python_parameters import read_parameters
from gristmill.notebooks.source import read_notebook


def read_schema(notebook: Path) -> ParameterSchema:
    """The notebook's parameters; unchecked and none where they cannot be read: the control plane has checked them."""
    try:
        return read_parameters(read_notebook(notebook.read_bytes()))
    except InvalidInputError:
        return ParameterSchema(language="", cell=None, checked=False)


def register_typed_literals(schema: ParameterSchema) -> None:
    """From now on papermill, in this process, injects Python values with the types that the notebook declares.

    JSON knows no dates; a `date` parameter must not reach the notebook as text. Other languages keep papermill's own
    translators.
    """
    known = {parameter.name: parameter for parameter in schema.parameters}

    class TypedLiterals(PythonTranslator):  # type: ignore[misc]  # papermill ships no types
        @classmethod
        def codify(cls, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
            lines = [f"{name} = {cls._literal(known.get(name), value)}" for name, value in parameters.items()]
            return "\n".join([str(cls.comment(comment)), *lines]) + "\n"

        @classmethod
        def _literal(cls, parameter: Parameter | None, value: Any) -> str:
            if not _finite(value):
                return str(cls.translate(value))
            if parameter is None:
                return to_python(value)
            return to_python(value, parameter.type, parameter.items)

    papermill_translators.register("python", TypedLiterals)


def _finite(value: Any) -> bool:
    """Whether `repr` is source: it is not for `nan` and `inf`, however deep they lie."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_finite(one) for one in value.values())
    return not isinstance(value, (list, tuple)) or all(_finite(one) for one in value)
