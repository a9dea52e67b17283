"""What the form of a run is made of: the notebook as it stands in the editor, read and not executed."""

from dataclasses import dataclass
from typing import Any

import msgspec

from gristmill.core.errors import GristmillError
from gristmill.notebooks.environment_names import read_environment_names
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.other_languages import infer_parameters
from gristmill.notebooks.python_parameters import read_parameters
from gristmill.notebooks.secret_names import read_secret_names
from gristmill.notebooks.source import read_notebook
from gristmill.notebooks.suggestions import Suggestion, suggest_parameters
from gristmill.secrets.model import can_be_variable


@dataclass(frozen=True, kw_only=True)
class NotebookFacts:
    """`suggestions` are assignments that could be parameters, where there is no parameters cell.

    `fault` is why its parameters cannot be read; there are none then. `secrets` are those that it asks for by name,
    `variables` the environment variables that it reads and that a secret could be.
    """

    kernel: str | None
    language: str
    parameters: ParameterSchema
    suggestions: tuple[Suggestion, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    fault: str | None = None
    hint: str | None = None


def read(notebook: Any) -> NotebookFacts:
    """The facts of a notebook's JSON.

    Raises:
        InvalidInputError: it is no notebook.
    """
    source = read_notebook(msgspec.json.encode(notebook))
    secrets = read_secret_names(source)
    variables = tuple(name for name in read_environment_names(source) if can_be_variable(name))
    try:
        schema = read_parameters(source) if source.is_python else infer_parameters(source)
        suggestions = suggest_parameters(source)
    except GristmillError as error:
        nothing = ParameterSchema(language=source.language, cell=None)
        return NotebookFacts(
            kernel=source.kernel,
            language=source.language,
            parameters=nothing,
            secrets=secrets,
            variables=variables,
            fault=error.message,
            hint=error.hint,
        )
    return NotebookFacts(
        kernel=source.kernel,
        language=source.language,
        parameters=schema,
        suggestions=suggestions,
        secrets=secrets,
        variables=variables,
    )
