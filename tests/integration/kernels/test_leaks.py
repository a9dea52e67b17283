"""Many kernels one after the other leave nothing behind: KERNEL_STARTS says how many, 500 before a release."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from gristmill_kernels.status import pss

from tests.integration.kernels.conftest import one_zygote
from tests.integration.kernels.started import StartedKernel
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

Start = Callable[..., StartedKernel]
STARTS = int(os.environ.get("KERNEL_STARTS", "8"))
MB = 2**20
# One is interrupted, one is killed, one is asked to end, one leaves a child behind that its own group has.
WORK = (
    "import numpy, tempfile, multiprocessing.shared_memory as shared\n"
    "file = tempfile.TemporaryFile(); numpy.random.rand(100, 100) @ numpy.random.rand(100, 100)\n"
    "block = shared.SharedMemory(create=True, size=1000); block.close(); block.unlink()"
)
CHILD = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"


def left(home: Path, zygote: psutil.Process) -> dict[str, Any]:
    return {
        "children": len(zygote.children(recursive=True)),
        "descriptors": zygote.num_fds(),
        "threads": zygote.num_threads(),
        "own descriptors": psutil.Process().num_fds(),
        "shared memory": {name for name in os.listdir("/dev/shm") if not name.startswith("PostgreSQL")},  # noqa: PTH208, S108  # only named
        "files": {str(path.relative_to(home)) for path in home.rglob("*") if path.suffix != ".log"},
    }


def more(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What there is now and was not before; a block of another test's may be gone meanwhile."""
    found = {name: now[name] - before[name] for name in before}
    return {name: one for name, one in found.items() if (one if isinstance(one, set) else one > 0)}


def test_kernels_leave_nothing_behind(warm_home: Path, start_kernel: Start) -> None:
    def one(number: int) -> None:
        kernel = start_kernel()
        assert kernel.is_forked
        pid = kernel.pid
        kernel.run(WORK)
        if number % 4 == 1:
            kernel.run(CHILD)
        if number % 4 == 2:
            kernel.kill()
        if number % 4 == 3:
            kernel.client.shutdown()
            until(lambda: not psutil.pid_exists(pid), what="the kernel ends when it is asked to")
        kernel.end()
        until(lambda: not psutil.pid_exists(pid), what="the kernel is gone")

    for number in range(4):
        one(number)
    zygote = psutil.Process(one_zygote(warm_home).pid)
    before, took = left(warm_home, zygote), pss(zygote.pid)
    for number in range(STARTS):
        one(number)
    until(lambda: not more(before, left(warm_home, zygote)), what=f"after {STARTS} kernels all is as before {before}")
    assert one_zygote(warm_home).pid == zygote.pid
    assert pss(zygote.pid) < took + 20 * MB
