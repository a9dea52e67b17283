"""The environment of one attempt: its interpreter, and a kernelspec for it that only this attempt sees."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gristmill.core.errors import GristmillError
from gristmill.environments.model import EnvironmentKind, RunEnvironment
from gristmill.worker.environments.asking import python_of
from gristmill.worker.environments.making import Maker

KERNEL = "gristmill-environment"
_JUPYTER_PATH = "JUPYTER_PATH"


class AttemptEnvironment:
    """While it is entered nobody removes it from this machine. `kernel` names the kernelspec to start."""

    def __init__(self, environment: RunEnvironment, folder: Path, maker: Maker, read: Callable[[], bytes]) -> None:
        self._environment, self._folder, self._maker, self._read = environment, folder, maker, read
        self._held = ExitStack()
        self.kernel = environment.source if environment.kind is EnvironmentKind.KERNEL else KERNEL

    def prepare(self) -> None:
        """Makes what has to be made.

        Raises:
            GristmillError: it cannot be, or is not there any more.
        """
        match self._environment.kind:
            case EnvironmentKind.KERNEL:
                return
            case EnvironmentKind.REQUIREMENTS:
                python = self._held.enter_context(self._maker.made(self._environment, self._read))
            case EnvironmentKind.INTERPRETER:
                python = self._there()
        _write_kernelspec(self._folder / "jupyter" / "kernels" / KERNEL, python)

    @contextmanager
    def found(self) -> Iterator[None]:
        """Within it Jupyter finds the kernelspec; what the kernel is told of its environment is as ever."""
        before = {name: value for name, value in os.environ.items() if name == _JUPYTER_PATH}
        os.environ[_JUPYTER_PATH] = os.pathsep.join([str(self._folder / "jupyter"), *before.values()])
        try:
            yield
        finally:
            os.environ.pop(_JUPYTER_PATH)
            os.environ.update(before)

    def changed(self, seen: dict[str, Any]) -> str | None:
        """What to tell where its packages are not those that it was added with."""
        digest = (seen.get("environment") or {}).get("digest")
        made_here = self._environment.kind is EnvironmentKind.REQUIREMENTS
        if made_here or digest is None or digest == self._environment.digest:
            return None
        return (
            f"environment {self._environment.name} has other packages than when it was added: "
            f"`gristmill environments add {self._environment.name} --replace …` takes them as they are now"
        )

    def facts(self) -> dict[str, str]:
        """For the run's provenance."""
        return {"name": self._environment.name, "digest": self._environment.digest, "kind": self._environment.kind}

    def release(self) -> None:
        self._held.close()

    def _there(self) -> Path:
        try:
            return Path(python_of(Path(self._environment.source)))
        except GristmillError as error:
            raise GristmillError(
                f"environment {self._environment.name} at {self._environment.source}: {error.message}",
                hint="It was moved or removed: make it again, or add another with --replace.",
            ) from error


def _write_kernelspec(folder: Path, python: Path) -> None:
    """What the shell's `activate` would do is done for the kernel's own children too: `!pip` is this one's."""
    prefix = python.parent.parent
    variable = "CONDA_PREFIX" if (prefix / "conda-meta").is_dir() else "VIRTUAL_ENV"
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        "env": {"PATH": f"{python.parent}{os.pathsep}${{PATH}}", variable: str(prefix)},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
