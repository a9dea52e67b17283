"""A worker's secrets: what its kernel is given, and what is left of them whatever ends the attempt."""

import os
import signal
from pathlib import Path

from gristmill.secrets.model import GrantedSecret
from tests.integration.worker.conftest import Worker

VALUE = "hush/hush+41"
GRANTED = (GrantedSecret(name="TOKEN", value=VALUE, env="MY_TOKEN"),)


def holders(folder: Path) -> list[str]:
    """The files that hold the value."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if VALUE.encode() in path.read_bytes()]


def test_the_kernel_is_told_and_what_it_says_of_it_is_masked(worker: Worker) -> None:
    tell = "import gristmill, os\nvalue = gristmill.secret('TOKEN')\nprint(value, len(value), os.environ['MY_TOKEN'])"
    worker.order(tell, "value", secrets=GRANTED)
    assert worker.run()["state"] == "succeeded"
    assert worker.control_plane.log("stdout") == f"*** {len(VALUE)} ***\n"
    assert "'***'" in str(worker.control_plane.executed["cells"][1]["outputs"])
    assert [blob for blob in worker.control_plane.blobs.values() if VALUE.encode() in blob] == []
    assert holders(worker.folder) == []


def test_a_kernel_that_dies_in_the_middle_of_a_value_loses_no_output(worker: Worker) -> None:
    worker.order(
        "import gristmill, os, sys, time\nprint('it is', gristmill.secret('TOKEN')[:5], end='', flush=True)\n"
        "time.sleep(0.5)\nos._exit(3)",
        secrets=GRANTED,
    )
    assert worker.run()["fault"]["kind"] == "kernel_died"
    assert worker.control_plane.log("stdout") == f"it is {VALUE[:5]}"


def test_a_worker_that_is_killed_leaves_no_value_behind(worker: Worker) -> None:
    worker.order("import gristmill, time\nprint('has', gristmill.secret('TOKEN'))\ntime.sleep(600)", secrets=GRANTED)
    process = worker.start()
    worker.until_printed("has ***")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert holders(worker.folder) == []


def test_a_file_that_holds_a_value_is_no_output_and_said_to_be(worker: Worker) -> None:
    write = "open('{0}.txt', 'w').write({1})"
    told = write.format("told", "gristmill.secret('TOKEN')")
    worker.order(f"import gristmill\n{told}\n{write.format('fine', repr('fine'))}", secrets=GRANTED)
    finished = worker.run()
    assert finished["notices"] == ["output 'told.txt' is not kept: it holds the value of the secret TOKEN"]
