"""Each kind of model is made once per test run."""

from collections.abc import Callable
from pathlib import Path

from tests.serving_kit.models import make

Models = Callable[[str], Path]


def model_store(root: Path) -> Models:
    """The folder of the model of a kind."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = make(kind, root / kind)
        return made[kind]

    return folder
