"""Ending an attempt from outside: politely, by force, and what is left then."""

import fcntl
import json
import signal
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from gristmill.runs.model import WorkerEvent, WorkerEventKind
from tests.integration.worker.conftest import Worker
from tests.waiting import until

WAITS = "print('ready', flush=True)\nimport time\nwhile True: time.sleep(0.05)"
DEFIES = (
    "print('ready', flush=True)\nimport signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)"
)


def assert_cancelled(worker: Worker) -> None:
    assert worker.wait() == 0, worker.log
    finished = worker.control_plane.finished
    assert finished is not None
    assert (finished["state"], finished.get("fault")) == ("cancelled", None)
    assert worker.control_plane.run.status == "KILLED"
    assert worker.processes() == []


def test_sigterm_interrupts_and_keeps_what_was_done(worker: Worker) -> None:
    worker.order("print('first')", WAITS, "print('never')")
    process = worker.start()
    worker.until_printed("ready")
    process.terminate()
    assert_cancelled(worker)
    outputs = [cell["outputs"] for cell in worker.control_plane.executed["cells"] if cell["cell_type"] == "code"]
    assert "first" in json.dumps(outputs[0])
    assert "KeyboardInterrupt" in json.dumps(outputs[1])
    assert outputs[2] == []


def test_the_control_plane_cancels_by_its_answer_to_events(worker: Worker) -> None:
    worker.order(
        "print('ready', flush=True)\nimport time\nfor i in range(10_000): print(i, flush=True); time.sleep(0.05)"
    )
    worker.start()
    worker.until_printed("ready")
    worker.control_plane.cancel = True
    assert_cancelled(worker)


@pytest.mark.slow
def test_a_cell_that_defies_the_interrupt_is_killed(worker: Worker) -> None:
    """After five seconds, or at once if asked a second time."""
    worker.order(DEFIES)
    process = worker.start()
    worker.until_printed("ready")
    process.terminate()
    process.terminate()
    asked = time.monotonic()
    assert_cancelled(worker)
    assert time.monotonic() - asked < 30, "the cell would go on for ever"


def test_a_worker_is_cancelled_while_its_kernel_starts(worker: Worker) -> None:
    worker.order("print('never')")
    process = worker.start()
    until(lambda: len(worker.processes()) > 1, what="the kernel's process")
    process.terminate()
    assert_cancelled(worker)
    assert worker.control_plane.of(WorkerEventKind.CELL_STARTED) == []


def test_a_killed_worker_leaves_its_journal_and_no_kernel(worker: Worker) -> None:
    """Its lock is free; the kernel notices by itself that its parent is gone."""
    worker.order("print('first')", WAITS)
    process = worker.start()
    worker.until_printed("ready")
    assert is_locked(worker.folder)
    process.kill()
    process.wait()
    assert not is_locked(worker.folder)
    lines = (worker.folder / "journal.jsonl").read_bytes().splitlines()
    events = [msgspec.json.decode(line, type=WorkerEvent) for line in lines]
    assert [event.n for event in events] == list(range(1, len(events) + 1))
    assert events[0].kind is WorkerEventKind.ATTEMPT_STARTED
    executed = json.loads((worker.folder / "executed.ipynb").read_text())
    assert "first" in json.dumps(executed["cells"][0]["outputs"])
    until(lambda: worker.processes() == [], what="the end of the kernel")


def test_only_the_worker_holds_its_lock(worker: Worker) -> None:
    worker.order(WAITS)
    process = worker.start()
    worker.until_printed("ready")
    lock = str(worker.folder / "lock")
    holders = [one for one in worker.processes() if holds(one, lock)]
    assert [one.pid for one in holders] == [process.pid]
    process.terminate()
    assert_cancelled(worker)


@pytest.mark.parametrize("cell", ["print('done')", "1 / 0"])
def test_nothing_is_left_outside_the_attempts_folder(worker: Worker, tmp_path: Path, cell: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    worker.order(cell)
    worker.run(TMPDIR=str(scratch))
    assert list(scratch.iterdir()) == []
    assert {path.name for path in (worker.folder / "runtime").iterdir()} == {"kernel.log", "lent"}
    assert list((worker.folder / "blobs").iterdir()) == []


def holds(process: psutil.Process, path: str) -> bool:
    try:
        opened = list(Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:  # it has ended
        return False
    return any(target(one) == path for one in opened)


def target(entry: Path) -> str | None:
    try:
        return str(entry.readlink())
    except OSError:  # closed meanwhile
        return None


def is_locked(folder: Path) -> bool:
    with (folder / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_interrupt_reaches_the_notebooks_own_children(worker: Worker) -> None:
    worker.order("import subprocess\nprint('ready', flush=True)\nsubprocess.run(['sleep', '1004'])")
    process = worker.start()
    worker.until_printed("ready")
    process.send_signal(signal.SIGINT)
    assert_cancelled(worker)


# As if the system let ipykernel's control thread sleep at the wrong moment: it asks a thread to flush, which is stopped
# before it hears of it.
STOPPED_TOO_SOON = """
import threading, time
from ipykernel.iostream import IOPubThread
def late(self, call, schedule=IOPubThread.schedule, kernel=get_ipython().kernel, current=threading.current_thread):
    is_flush = getattr(call, "__name__", "") in {"_flush", "set"}
    if current().name != "Control" or kernel._shutdown_message is None or not is_flush:
        return schedule(self, call)
    self.thread.join()
IOPubThread.schedule = late
"""


def test_a_kernel_that_waits_for_its_own_stopped_thread_holds_nobody_up(worker: Worker) -> None:
    worker.order(STOPPED_TOO_SOON)
    worker.run()
    (finished,) = worker.control_plane.of(WorkerEventKind.ATTEMPT_FINISHED)
    assert finished["state"] == "succeeded"
    last = next(event for event in worker.control_plane.events if event.kind is WorkerEventKind.CELL_FINISHED)
    end = next(event for event in worker.control_plane.events if event.kind is WorkerEventKind.ATTEMPT_FINISHED)
    assert (end.time - last.time).total_seconds() < 8, "ipykernel waits for ten seconds"
