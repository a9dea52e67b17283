"""Builds container images: `python -m tools.images [NAME …]`, all of hub/images where none is named.

`IMAGE_BUILDER` is the command that builds, and brings the image to where it is to run: it is called with
`NAME:TAG --file DOCKERFILE CONTEXT`. Without it, `docker build`.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

IMAGES = Path("hub/images")


def build(name: str, file: Path, context: Path) -> str:
    """The image's name, once it is there.

    Raises:
        CalledProcessError: the builder failed; what it said stands above.
    """
    given = os.environ.get("IMAGE_BUILDER")
    if given:
        command = [*shlex.split(given), name, "--file", str(file), str(context)]
    else:
        command = ["docker", "build", "--quiet", "--tag", name, "--file", str(file), str(context)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return name
