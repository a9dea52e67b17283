"""A notebook on this disk, read for what it takes, before anything of it is sent."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gristmill.client.pack.regular import GrownError, NotRegularError, read_regular
from gristmill.core.errors import InvalidInputError, NotFoundError, TooLargeError
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.other_languages import infer_parameters
from gristmill.notebooks.python_parameters import read_parameters
from gristmill.notebooks.source import MAX_BYTES, NotebookSource, read_notebook
from gristmill.notebooks.texts import check_texts

_SCRIPTS = frozenset({".py", ".r", ".R", ".jl", ".md", ".qmd", ".Rmd"})  # what jupytext reads


@dataclass(frozen=True)
class Notebook:
    path: Path
    source: NotebookSource
    schema: ParameterSchema

    def values(self, texts: dict[str, str]) -> dict[str, Any]:
        """The typed values of `-p name=value` texts.

        Raises:
            InvalidInputError: one, with every fault.
        """
        return check_texts(self.schema, texts)


def open_notebook(path: Path) -> Notebook:
    """Raises NotFoundError where there is none, InvalidInputError where it is none."""
    if path.suffix in _SCRIPTS and path.is_file():
        raise InvalidInputError(f"{path} is no notebook: expected an .ipynb file", hint=_converted(path))
    content = _content(path)
    try:
        source = read_notebook(content)
        schema = read_parameters(source) if source.is_python else infer_parameters(source)
    except InvalidInputError as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint, faults=error.faults) from error
    return Notebook(path=path, source=source, schema=schema)


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES, follow=True).data
    except FileNotFoundError:
        raise NotFoundError(f"there is no notebook {path}", hint=_nearest(path)) from None
    except NotRegularError:
        raise InvalidInputError(f"{path} is a pipe or a device: expected an .ipynb file") from None
    except GrownError:
        raise TooLargeError(
            f"notebook {path} has more than {MAX_BYTES} bytes, which is the most",
            hint="Clear the outputs that hold large images or tables.",
        ) from None
    except OSError as error:
        raise InvalidInputError(f"notebook {path} cannot be read: {error.strerror}") from error


def _converted(path: Path) -> str:
    """How it becomes a notebook."""
    beside = path.with_suffix(".ipynb")
    if beside.is_file():
        return f"{beside} stands beside it: gristmill run {shlex.quote(str(beside))}"
    how = f"`jupytext --to ipynb {shlex.quote(str(path))}` makes one of it (pip install jupytext)"
    cells = ", with a cell for each `# %%`" if path.suffix == ".py" else ""
    return f"{how}{cells}; then: gristmill run {shlex.quote(str(beside))}"


def _nearest(path: Path) -> str | None:
    from gristmill.core.nearest import nearest

    names = [one.name for one in path.parent.glob("*.ipynb")] if path.parent.is_dir() else []
    near = nearest(path.name, names)
    return f"Did you mean {path.parent / near}?" if near else None
