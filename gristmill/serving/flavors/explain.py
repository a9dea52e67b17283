"""Turns what libraries raise while a model is loaded into LoadError: what is wrong, and what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gristmill.core.errors import GristmillError
from gristmill.serving.artifact import ModelFolder, confined
from gristmill.serving.errors import LoadError
from gristmill.serving.requirements import differences, install_line, is_required


@contextmanager
def explained(folder: ModelFolder) -> Iterator[None]:
    """Whatever is raised inside leaves as LoadError."""
    try:
        yield
    except GristmillError:
        raise
    except ModuleNotFoundError as error:
        raise missing_package(folder, error) from error
    except Exception as error:
        raise LoadError(
            f"the model could not be loaded: {type(error).__name__}: {error}", hint=_hint(folder)
        ) from error


def missing_package(folder: ModelFolder, error: ModuleNotFoundError) -> LoadError:
    """The error of a module that the model needs and that is not installed here."""
    module = error.name or str(error)
    install = f"{install_line(folder, module)}  (in the environment that serves: {Path(sys.prefix)})"
    own = module.partition(".")[0]
    return LoadError(
        f"the model needs the module {module!r}, which is not installed here",
        hint=install
        if is_required(folder, module)
        else f"If {own} is code of your own, log the model again with code_paths=['{own}.py']; else {install}",
    )


def _hint(folder: ModelFolder) -> str:
    lines = differences(folder)
    if lines:
        return "; ".join(lines) + ". Serve it with these versions, or log the model again with the ones here."
    return "Load the model in a notebook to see the whole error, then log it again."


def version_notes(folder: ModelFolder, *, native: bool) -> tuple[str, ...]:
    """Notes on versions that differ. A native flavor does not use MLflow, so its version is no matter."""
    leave_out = frozenset({"mlflow", "mlflow-skinny"}) if native else frozenset()
    return tuple(differences(folder, leave_out=leave_out)[:5])


def require_own(folder: ModelFolder, how: str) -> str:
    """A note for the predictor, if the files came from this control plane's registry.

    Raises:
        LoadError: they did not, and to load them is to run whatever they hold.
    """
    if not folder.own_registry:
        raise LoadError(
            f"the model is loaded {how}, which runs code from its files; they are not from this registry",
            hint="Register the model here, or log it with serialization_format='skops'.",
        )
    return f"loaded {how}, which runs code from the model's files: taken because they are from this registry"


def add_code(folder: ModelFolder, conf: dict[str, Any]) -> None:
    """Makes the modules that were logged with the model (`code_paths`) importable, as MLflow does."""
    code = conf.get("code")
    if code:
        path = str(confined(folder.root, str(code)))
        if path not in sys.path:
            sys.path.insert(0, path)
