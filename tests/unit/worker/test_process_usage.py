"""What processes of an attempt use, and which are the attempt's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gristmill.worker.process_usage import LinuxProcesses, OtherProcesses, ProcessUsage
from tests.waiting import until

ATTEMPT = "attempt_of_this_test"
READY = "print('ready', flush=True); input()"
HOLDS = f"held = bytearray(60_000_000); held[::4096] = b'x' * len(held[::4096]); {READY}"
WORKS = f"import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass\n{READY}"
FORKS = HOLDS.replace(READY, "import os, signal\nif os.fork() and os.fork() and os.fork():\n    ") + READY
FORKS += "\nsignal.pause()"
RUNS = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {!r}], input='\\n', text=True, stdout=-3)\n"
Start = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(code, GRISTMILL_ATTEMPT=…)`: a Python process that has said "ready" and waits for a line."""
    with ExitStack() as ends:

        def begin(code: str, **environ: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-S", "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environ},
                start_new_session=True,
            )
            ends.callback(process.__exit__, None, None, None)
            ends.callback(os.killpg, process.pid, signal.SIGKILL)  # its children too
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return process

        yield begin


@pytest.fixture
def usage() -> LinuxProcesses:
    """Of a worker without any memory of its own: process 0 is nobody."""
    return LinuxProcesses(ATTEMPT, own=0)


def memory(usage: ProcessUsage) -> int:
    usage.cpu_seconds()
    return usage.memory()


def test_a_process_that_carries_the_mark_counts_whoever_started_it(usage: LinuxProcesses, start: Start) -> None:
    assert memory(usage) == 0
    start(HOLDS, GRISTMILL_ATTEMPT=ATTEMPT)
    start(HOLDS, GRISTMILL_ATTEMPT="attempt_of_another")
    until(lambda: 60e6 < memory(usage) < 90e6, what="its memory, and nobody else's")


def test_a_child_counts_also_without_the_mark(usage: LinuxProcesses, start: Start) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-S', '-c', {HOLDS!r}], env={{}}).wait()"
    start(code, GRISTMILL_ATTEMPT=ATTEMPT)
    until(lambda: memory(usage) > 60e6, what="the child's memory")


def test_memory_that_a_fork_shares_counts_once(usage: LinuxProcesses, start: Start) -> None:
    start(FORKS, GRISTMILL_ATTEMPT=ATTEMPT)
    until(lambda: 60e6 < memory(usage) < 90e6 and len(usage._mine) == 4, what="four processes, one memory")


def test_computing_counts_also_of_processes_that_have_ended(usage: LinuxProcesses, start: Start) -> None:
    usage.cpu_seconds()
    start(RUNS.format(WORKS) + READY, GRISTMILL_ATTEMPT=ATTEMPT)
    assert 0.5 <= usage.cpu_seconds() < 1.5
    assert usage.cpu_seconds() < 0.1


def test_what_a_process_did_before_it_was_the_attempts_does_not_count(usage: LinuxProcesses, start: Start) -> None:
    process = start(WORKS, GRISTMILL_ATTEMPT="another")
    for _ in range(4):
        usage.cpu_seconds()
    usage.attempt = "another"  # as when a waiting kernel is handed over
    usage._look_due = 0.0
    assert usage.cpu_seconds() < 0.2
    assert process.pid in usage._mine


def test_a_process_that_is_gone_is_forgotten(usage: LinuxProcesses, start: Start) -> None:
    process = start(HOLDS, GRISTMILL_ATTEMPT=ATTEMPT)
    until(lambda: memory(usage) > 60e6, what="its memory")
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and keeps its number
    assert memory(usage) == 0


def test_elsewhere_psutil_tells_the_same(start: Start) -> None:
    usage = OtherProcesses(ATTEMPT)
    before = memory(usage)
    start(HOLDS, GRISTMILL_ATTEMPT=ATTEMPT)
    usage._look_due = 0.0
    assert memory(usage) - before > 60e6
    began = time.process_time()
    while time.process_time() - began < 0.3:
        pass
    assert usage.cpu_seconds() >= 0.25
