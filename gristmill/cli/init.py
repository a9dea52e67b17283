"""`gristmill init`: marks a folder as a project."""

from pathlib import Path
from typing import Annotated

import typer

from gristmill.cli.options import AsJson

MARK = """\
# This file marks the root of a project: a run of a notebook below packs what lies here, and nothing above.
#
# Packed are the notebook, the local modules that it imports, and files under 1 MB that nothing ignores. The run starts
# in the notebook's own folder. Larger files are data, which a run finds where it is named here, or by
# `gristmill data add`; `gristmill run` offers it where the notebook names some.
#
# data:
#   raw: data/raw
#   images: s3://bucket/images
#
# Left out are hidden files, caches, virtual environments, credentials, what .gitignore names, and what
# .gristmillignore beside this file names.
"""

IGNORE = """\
# What a run of this project does not need, in the syntax of .gitignore. It is heard after .gitignore;
# `!name` brings back what that leaves out.

# data/
# *.parquet
# !configuration.env
"""


def init(
    folder: Annotated[Path, typer.Argument(help="The project's root.", file_okay=False)] = Path(),
    as_json: AsJson = False,
) -> None:
    """Mark a folder as a project.

    Writes gristmill.yaml and .gristmillignore, with comments; files that are there are left as they are.
    """
    from gristmill.cli.output import say, styled, write_json

    folder.mkdir(parents=True, exist_ok=True)
    written = {name: _write(folder / name, text) for name, text in FILES.items()}
    if as_json:
        write_json({"root": str(folder.resolve()), "written": [name for name, new in written.items() if new]})
        return
    for name, new in written.items():
        say(f"{styled('✓', 'green')} {folder / name}" if new else f"· {folder / name} is there and stays as it is")


def _write(path: Path, text: str) -> bool:
    """False where something is there already: it is never written over, however short the moment."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


FILES = {"gristmill.yaml": MARK, ".gristmillignore": IGNORE}
