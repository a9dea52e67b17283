"""Workers forked from a zygote outlive it, and a control plane that comes back finds them."""

import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from gristmill_kernels.workers import WarmWorkers

from gristmill.core import processes
from gristmill.core.ids import new_id
from gristmill.profiles.model import Profile, Resources
from gristmill.runs.executors.base import Launch, Presence
from gristmill.runs.executors.local import MARK, LocalExecutor
from tests.integration.kernels.conftest import end_zygotes, one_zygote
from tests.waiting import until

WORKER = """
import os, signal, sys, time
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
with open(os.path.join(options["--dir"], "ready"), "w") as ready:
    ready.write(str(os.getpid()))
while True:
    signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "stand_in.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    home = tmp_path / "home"
    yield home
    end_zygotes(home)


def executor(home: Path) -> LocalExecutor:
    """Another one each time, as after a restart of the control plane."""
    command = (sys.executable, "-m", "stand_in")
    return LocalExecutor(home / "attempts", command=command, warm=WarmWorkers(home, module="stand_in", ahead=("json",)))


def launch(home: Path) -> tuple[str, int]:
    """A new attempt and its worker's process."""
    attempt = new_id("attempt", datetime.now(UTC))
    profile = Profile(name="small", resources=Resources(cpu=1))
    executor(home).launch(Launch(attempt=attempt, url="http://127.0.0.1:1", token="t", profile=profile))
    ready = home / "attempts" / attempt / "ready"
    until(lambda: ready.exists() and ready.read_text(), what="the worker is at work")
    return attempt, int(ready.read_text())


def test_a_worker_outlives_a_killed_zygote(home: Path) -> None:
    cold, _ = launch(home)
    zygote = one_zygote(home)
    attempt, worker = launch(home)
    assert psutil.Process(worker).ppid() == zygote.pid
    assert psutil.Process(worker).environ()[MARK] == attempt
    os.kill(zygote.pid, signal.SIGKILL)
    until(lambda: psutil.Process(worker).ppid() != zygote.pid, what="the worker is an orphan")
    assert executor(home).observe(attempt) is Presence.ALIVE
    after, another = launch(home)
    assert psutil.Process(another).ppid() == os.getpid(), "started cold, beside a new zygote"
    assert one_zygote(home).pid != zygote.pid
    for name in (cold, attempt, after):
        executor(home).kill(name)
        until(lambda name=name: executor(home).clean_up(name), what="nothing of it is left")  # type: ignore[misc]
        assert until(lambda name=name: executor(home).observe(name) is Presence.GONE, what="it is gone")  # type: ignore[misc]
    processes.reap()


def test_two_attempts_hold_locks_of_their_own(home: Path) -> None:
    """No worker has a descriptor of another's: the end of one is seen while the other lives."""
    cold, _ = launch(home)
    one_zygote(home)
    first, _ = launch(home)
    second, worker = launch(home)
    executor(home).kill(first)
    until(lambda: executor(home).observe(first) is Presence.GONE, what="the first is gone")
    assert executor(home).observe(second) is Presence.ALIVE
    opened = {os.readlink(f"/proc/{worker}/fd/{number}") for number in os.listdir(f"/proc/{worker}/fd")}  # noqa: PTH115, PTH208  # /proc
    assert not any(first in place for place in opened)
    for name in (cold, second):
        executor(home).kill(name)
    processes.reap()
