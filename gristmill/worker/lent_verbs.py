"""The verbs, for a kernel whose environment has nothing of Gristmill in it.

What is lent needs the standard library only, of Python 3.9 and newer: the user's environment is not the platform's.
"""

import shutil
from pathlib import Path

import gristmill

PARTS = ("__init__.py", "verbs.py", "report_flood.py", "core/__init__.py", "core/errors.py")


def lend(folder: Path) -> Path:
    """The place that is to stand at the end of `sys.path`: it holds the verbs and nothing else of this environment."""
    source, place = Path(gristmill.__file__).parent, folder / "lent"
    for part in PARTS:
        target = place / "gristmill" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / part, target)
    return place
