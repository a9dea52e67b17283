import os
import subprocess
import sys
from pathlib import Path

from gristmill.worker import processes
from gristmill.worker.memory_kills import count_memory_kills
from tests.waiting import until


def test_only_what_carries_the_attempts_mark_is_ended(tmp_path: Path) -> None:
    """Also what ignores SIGTERM; the caller and its parent are left alone, whatever they carry."""
    program = (
        "import subprocess, sys\n"
        "from gristmill.worker.processes import end_left_behind\n"
        "stubborn = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)'\n"
        "child = subprocess.Popen([sys.executable, '-c', stubborn + '; time.sleep(100)'], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(end_left_behind('mine'), child.wait())"
    )
    other = subprocess.Popen(["sleep", "100"], env={**os.environ, "GRISTMILL_ATTEMPT": "mine-too"})
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "GRISTMILL_ATTEMPT": "mine"},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        count, status = done.stdout.split()
        assert count == "1"
        assert status in {"-9", "0"}  # 0: it was collected before
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_child_is_found_although_it_cleaned_its_environment() -> None:
    child = subprocess.Popen(["sleep", "100"], env={})
    try:
        until(lambda: child.pid in set(processes.left_behind("nobody")), what="the child")
    finally:
        child.kill()
        child.wait()


def test_memory_kills_are_read_from_the_control_group(tmp_path: Path) -> None:
    group = tmp_path / "a" / "b"
    group.mkdir(parents=True)
    (group / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    own = tmp_path / "cgroup"
    own.write_text("0::/a/b\n")
    assert count_memory_kills(tmp_path, own) == 2
    assert count_memory_kills(tmp_path / "nowhere", own) is None
    own.write_text("")
    assert count_memory_kills(tmp_path, own) is None
