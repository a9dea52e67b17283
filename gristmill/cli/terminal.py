"""What this process's output goes to: a person's terminal, or a file and other programs."""

import os
import shutil
import sys
from typing import TextIO


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person sees it as it comes, on a terminal that can move its cursor."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def takes_colour(stream: TextIO) -> bool:
    """Colour is for terminals, unless their owner wants none (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def width() -> int | None:
    """Columns of the terminal; None where lines may be as long as they are."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def tolerate() -> None:
    """An icon that the terminal's encoding lacks is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
