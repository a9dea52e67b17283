"""The churn example, copied to where its reader can change it."""

import shutil
import sys
from pathlib import Path

from gristmill.core.errors import NotFoundError
from gristmill_lab.places import Place

NAME = "churn"
NOTEBOOK = "train.ipynb"
_IGNORED = shutil.ignore_patterns(".*", "__pycache__")


def shipped() -> Path:
    """Where the example came to be installed; in a clone, where it stands.

    Raises:
        NotFoundError: it was left out of this installation.
    """
    places = (
        Path(sys.prefix, "share", "gristmill", "examples", NAME),
        Path(__file__).parents[2] / "notebooks" / "examples" / NAME,
    )
    found = next((place for place in places if (place / NOTEBOOK).is_file()), None)
    if found is None:
        raise NotFoundError("the churn example is not part of this installation", hint=f"Looked for it in {places[0]}.")
    return found


def copied(root: Path, example: Path) -> Place:
    """The example's notebook below `root`. What is there already stays as it is: it may have been worked on."""
    folder = root / NAME
    if not (folder / NOTEBOOK).is_file():
        number = 2
        while folder.exists():  # something else has the name
            folder, number = root / f"{NAME}-{number}", number + 1
        shutil.copytree(example, folder, ignore=_IGNORED)
    return Place(path=(folder / NOTEBOOK).relative_to(root).as_posix())
