"""What the process that workers are forked from has loaded."""

import json
import subprocess
import sys

from gristmill.worker.papermill_import import UNNEEDED

LOADED = "import json, sys, gristmill.worker.ahead; print(json.dumps([n for n, m in sys.modules.items() if m]))"


def test_it_is_what_a_worker_executes_with_and_nothing_that_none_needs() -> None:
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", LOADED])))
    assert {"papermill", "nbformat.validator", "gristmill.worker.notebook_run"} <= loaded
    assert not loaded & set(UNNEEDED)
