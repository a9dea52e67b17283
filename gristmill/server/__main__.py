"""`python -m gristmill.server`: the control plane as a process. It is what `gristmill server start` starts."""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # until it serves: most of the start is imports, and they make no garbage
    from gristmill.server.main import main

    sys.exit(main())
