"""`python -m gristmill_hub.proxy OPTION…`: becomes the proxy that an image has; the options are the proxy's own."""

import os
import sys
from pathlib import Path

from gristmill_hub.proxy import command

if __name__ == "__main__":
    argv = [*command(Path(sys.prefix)), *sys.argv[1:]]
    os.execv(argv[0], argv)  # noqa: S606  # this process becomes it
