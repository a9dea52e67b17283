"""Kernels where nothing can be forked: one that was started in advance takes the order."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gristmill_kernels import ahead

from tests.integration.kernels.started import StartedKernel
from tests.waiting import until

Start = Callable[..., StartedKernel]


@pytest.fixture(autouse=True)
def without_fork(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Iterator[None]:
    monkeypatch.setattr("gristmill_kernels.starting.is_supported", lambda: False)
    monkeypatch.setattr("gristmill_kernels.provisioner.chosen", lambda _: ("wsgiref.util",))
    yield
    ahead.end_all()


def ready() -> None:
    until(ahead.waiting, timeout=120, what="one waits with its imports done")


def test_the_second_kernel_has_waited_and_is_as_it_was_asked_for(start_kernel: Start, tmp_path: Path) -> None:
    first = start_kernel()
    assert "none waits" in first.provisioner.cold_because
    ready()
    second = start_kernel(environ={"MINE": "1"}, folder=tmp_path)
    assert second.provisioner.cold_because == ""
    facts = """
import os, sys
waited = "wsgiref.util" in sys.modules
[os.environ["MINE"], os.getcwd(), waited, os.getppid(), os.getpid() == os.getpgid(0), __name__]
"""
    assert second.facts(facts) == ["1", str(tmp_path), True, os.getpid(), True, "__main__"]
    cold = first.facts("import sys\n[sys.argv[1:2], sys.flags.isolated, '' in sys.path]")
    assert second.facts("import sys\n[sys.argv[1:2], sys.flags.isolated, '' in sys.path]") == cold
    ready()  # and there is one for the third


def test_interrupt_crash_and_shutdown_are_those_of_a_child(start_kernel: Start) -> None:
    start_kernel()
    ready()
    kernel = start_kernel()
    process = kernel.provisioner.process
    assert isinstance(process, subprocess.Popen)
    assert kernel.provisioner.cold_because == ""
    kernel.begin("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    kernel.manager.interrupt_kernel()
    assert kernel.run("print('still there')") == "still there\n"
    kernel.client.execute("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    until(lambda: not kernel.manager.is_alive(), what="the crash is noticed")
    assert process.returncode == -11


def test_another_environment_or_a_shadowing_module_is_started_cold(start_kernel: Start, tmp_path: Path) -> None:
    start_kernel()
    ready()
    other = start_kernel(environ={"OMP_NUM_THREADS": "1"})
    assert "none waits" in other.provisioner.cold_because
    (tmp_path / "wsgiref.py").touch()
    shadowed = start_kernel(folder=tmp_path)
    assert "wsgiref.py" in shadowed.provisioner.cold_because


def test_one_that_nobody_asks_for_ends(start_kernel: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_WARM_IDLE", "0.5")
    start_kernel()
    (process,) = (one.process for one in ahead._waiting.values())
    until(lambda: process.poll() is not None, timeout=120, what="it has ended")
    assert ahead.waiting() == 0
    assert start_kernel().run("print('as ever')") == "as ever\n"
