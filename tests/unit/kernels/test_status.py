"""What warm kernels cost is told while their processes come and go."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gristmill_kernels.status import pss, with_all_below

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")


def test_processes_are_told_with_all_below_them() -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        one, child = with_all_below(parent.pid)
        assert one == parent.pid
        assert pss(child) > 0
        parent.communicate(b"\n")
    assert pss(child) == 0


def test_what_ends_meanwhile_is_left_out() -> None:
    shell = shutil.which("sh")
    assert shell is not None
    with subprocess.Popen([shell, "-c", "for i in $(seq 3000); do (:) & done; wait"]) as busy:
        while busy.poll() is None:
            assert busy.pid in with_all_below(busy.pid)
