"""Whatever a notebook does to itself or to its kernel, the attempt ends, with the reason."""

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from gristmill.runs.model import WorkerEventKind
from tests.integration.worker.conftest import Worker
from tests.integration.worker.notebooks import code, markdown
from tests.waiting import until


def fault_of(worker: Worker) -> dict[str, Any]:
    finished = worker.run()
    assert finished["state"] == "failed"
    assert worker.control_plane.run.status == "FAILED"
    assert worker.processes() == []
    fault: dict[str, Any] = finished["fault"]
    return fault


def text_of(notebook: dict[str, Any]) -> str:
    return json.dumps([cell.get("outputs") for cell in notebook["cells"]], ensure_ascii=False)


def test_a_cell_that_raises_is_named_with_its_line(worker: Worker) -> None:
    """The line is the innermost one of the cell, not of the library that it called."""
    source = "import json\ndef load(text):\n    return json.loads(text)\n\nload('{')"
    worker.order(markdown("# One"), code("x = 1", "parameters"), source, "print('never')", parameters={"x": 2})
    fault = fault_of(worker)
    assert fault["kind"] == "cell_error"
    assert (fault["cell"], fault["line"]) == (2, 3)
    assert fault["message"].startswith("JSONDecodeError: Expecting property name")
    assert fault["source"] == source
    assert "\x1b" not in "".join(fault["traceback"])
    assert fault["traceback"][-1].startswith("JSONDecodeError")
    assert [one["failed"] for one in worker.control_plane.of(WorkerEventKind.CELL_FINISHED)] == [False, False, True]
    assert "never" not in worker.control_plane.log()
    assert "JSONDecodeError" in worker.control_plane.log("stderr")
    assert "An Exception was encountered" in json.dumps(worker.control_plane.executed)


def test_a_cell_that_is_no_python_is_named_with_its_line(worker: Worker) -> None:
    worker.order("ok = 1", "a = 1\nb = = 2")
    fault = fault_of(worker)
    assert (fault["cell"], fault["line"]) == (1, 2)
    assert fault["message"].startswith("SyntaxError")


def test_an_error_whose_message_the_kernel_cannot_send_is_told_by_its_reply(worker: Worker) -> None:
    """Half of a surrogate pair has no UTF-8."""
    worker.order("raise ValueError('bad \\ud800')", "print('never')")
    fault = fault_of(worker)
    assert (fault["kind"], fault["cell"]) == ("cell_error", 0)
    assert fault["message"].startswith("UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800'")
    assert "half of a surrogate pair" in fault["hint"]
    assert "surrogates not allowed" in worker.control_plane.log("stderr")
    assert "surrogates not allowed" in text_of(worker.control_plane.executed)


def test_sys_exit_without_a_status_ends_the_notebook_successfully(worker: Worker) -> None:
    """As papermill has it; the end says so."""
    worker.order("print('one')", "import sys; sys.exit()", "print('never')")
    finished = worker.run()
    assert finished["state"] == "succeeded"
    assert finished["notices"] == ["cell 1 called sys.exit(): the cells behind it were not executed"]
    assert "never" not in worker.control_plane.log()


def test_listing_a_slow_environment_is_no_process_of_the_notebooks(worker: Worker, tmp_path: Path) -> None:
    """It goes on when the notebook has ended: it is waited for, and not told as left behind."""
    path = slowly_listed(tmp_path, 5)
    worker.order("print('one')", kernel="odd")
    finished = worker.run(JUPYTER_PATH=str(path))
    assert (finished["state"], finished.get("notices", [])) == ("succeeded", [])
    (*_, told) = worker.control_plane.of(WorkerEventKind.ATTEMPT_STARTED)
    assert told["provenance"]["worker"]["environment"]["packages"]


def test_a_slow_listing_keeps_no_cancel_waiting(worker: Worker, tmp_path: Path) -> None:
    path = slowly_listed(tmp_path, 600)
    worker.order("import time\nprint('begun', flush=True)\ntime.sleep(600)", kernel="odd")
    process = worker.start(JUPYTER_PATH=str(path))
    worker.until_printed("begun")
    process.terminate()
    assert worker.wait(timeout=50) == 0
    assert worker.control_plane.finished is not None
    assert worker.control_plane.finished["state"] == "cancelled"


def test_sys_exit_with_a_status_fails(worker: Worker) -> None:
    worker.order("import sys; sys.exit(3)", "print('never')")
    fault = fault_of(worker)
    assert (fault["kind"], fault["message"], fault["cell"]) == ("cell_error", "SystemExit: 3", 0)
    assert "sys.exit(0)" in fault["hint"]


def test_an_error_in_a_cell_that_may_raise_is_no_fault(worker: Worker) -> None:
    worker.order(code("1 / 0", "raises-exception"), "print('goes on')")
    assert worker.run()["state"] == "succeeded"
    assert "goes on" in worker.control_plane.log()
    assert "An Exception was encountered" not in json.dumps(worker.control_plane.executed)


def test_a_kernel_that_ends_itself_is_noticed_at_once(worker: Worker) -> None:
    """What it printed before stays; the cell is marked as failed, as are no others."""
    last = "import os, time; print('last words', flush=True); time.sleep(0.3); os._exit(7)"
    worker.order("print('before')", last, "print('never')")
    fault = fault_of(worker)
    assert fault["kind"] == "kernel_died"
    assert fault["message"] == "the kernel ended itself with exit status 7"
    assert (fault["cell"], fault["source"]) == (1, last)
    control_plane = worker.control_plane
    assert control_plane.of(WorkerEventKind.CELL_FINISHED)[-1]["seconds"] < 5
    assert "last words" in control_plane.log("stdout")
    assert "last words" in text_of(control_plane.executed)
    statuses = [cell["metadata"]["papermill"]["status"] for cell in control_plane.executed["cells"]]
    assert statuses == ["completed", "failed", "pending"]


def test_a_killed_kernel_is_told_with_a_hint_on_memory(worker: Worker) -> None:
    worker.order("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    fault = fault_of(worker)
    assert fault["kind"] == "kernel_died"
    assert "SIGKILL" in fault["message"]
    assert "memory" in fault["hint"]


def test_a_crash_in_native_code_is_named(worker: Worker) -> None:
    worker.order("import ctypes; ctypes.string_at(0)")
    fault = fault_of(worker)
    assert fault["message"] == "the kernel crashed (SIGSEGV)"
    assert any("Segmentation fault" in line for line in fault["traceback"])


@pytest.mark.slow
def test_two_hundred_megabytes_of_print_stay_within_bounds(worker: Worker) -> None:
    """Head and tail are in the executed notebook, the log has its cut marked once, memory does not grow with it."""
    worker.order(
        "print('the head')\nline = 'x' * 999\nfor _ in range(200_000): print(line)\nprint('the tail')", "print('after')"
    )
    process = psutil.Process(worker.start().pid)
    peak = 0

    def ended() -> bool:
        nonlocal peak
        if process.status() != psutil.STATUS_ZOMBIE:
            peak = max(peak, process.memory_info().rss)
        return worker.control_plane.finished is not None

    until(ended, timeout=120, what="the end of the attempt")
    assert worker.wait() == 0
    control_plane = worker.control_plane
    assert control_plane.finished is not None
    assert control_plane.finished["state"] == "succeeded"
    assert peak < 400 * 2**20
    logs = control_plane.of(WorkerEventKind.LOG)
    assert sum(one["size"] for one in logs) == 10 * 2**20
    assert [one["cut"] for one in logs].count(True) == 1
    assert logs[-1]["cut"]
    executed = control_plane.executed
    text = text_of(executed)
    assert "the head" in text
    assert "the tail" in text
    assert "characters are left out here" in text
    assert "after" in text
    assert len(text) < 2 * 2**20


@pytest.mark.slow
def test_output_that_comes_line_by_line_is_read_to_the_last(worker: Worker) -> None:
    """ZeroMQ would drop what is not read in time, the message that the cell has ended among it."""
    worker.order("for number in range(20_000): print(number, flush=True)", "print('after')")
    assert worker.run()["state"] == "succeeded"
    lines = worker.control_plane.log("stdout").split()
    assert lines == [*map(str, range(20_000)), "after"]


def test_a_loop_without_end_is_ended_by_the_timeout(worker: Worker) -> None:
    worker.order("print('one')", "while True: pass", timeout_s=20)
    fault = fault_of(worker)
    assert (fault["kind"], fault["cell"]) == ("timeout", 1)
    assert "20 s" in fault["message"]
    assert "KeyboardInterrupt" in text_of(worker.control_plane.executed)


def test_what_a_notebook_leaves_behind_is_ended(worker: Worker) -> None:
    """Children, children of ended children, and those that cleaned their environment and left their session."""
    worker.order(
        "import subprocess, sys\nsubprocess.Popen(['sleep', '1001'])",
        "subprocess.run(['sh', '-c', 'setsid sleep 1002 & '])",
        "subprocess.run([sys.executable, '-c', '''\n"
        "import os, subprocess\n"
        "subprocess.Popen(['sleep', '1003'], env={'PATH': os.environ['PATH']}, start_new_session=True)\n"
        "'''])",
    )
    finished = worker.run()
    assert finished["state"] == "succeeded"
    assert any("processes behind" in notice for notice in finished["notices"])
    sleepers = {"1001", "1002", "1003"}
    left = [
        one.info["cmdline"] for one in psutil.process_iter(["cmdline"]) if sleepers & set(one.info["cmdline"] or ())
    ]
    assert left == []


def test_a_file_that_is_no_notebook_is_a_fault_of_the_notebook(worker: Worker) -> None:
    worker.order(files={"train.ipynb": b"{'cells': "})
    fault = fault_of(worker)
    assert fault["kind"] == "notebook"
    assert "train.ipynb" in fault["message"]


def test_an_unknown_kernel_is_told_with_the_nearest(worker: Worker) -> None:
    worker.order("1", kernel="pyton3")
    fault = fault_of(worker)
    assert fault["kind"] == "kernel_start"
    assert "no kernel 'pyton3'" in fault["message"]
    assert "Did you mean 'python3'?" in fault["hint"]


def kernelspec(folder: Path, *argv: str) -> Path:
    """A folder for `JUPYTER_PATH` with a kernel named `odd`."""
    place = folder / "jupyter" / "kernels" / "odd"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "odd", "language": "python"}))
    return folder / "jupyter"


def slowly_listed(folder: Path, seconds: int) -> Path:
    """A folder for `JUPYTER_PATH` with a kernel named `odd`, the list of whose packages takes so long."""
    python = folder / "python-slow"
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && sleep {seconds}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return kernelspec(folder, str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["/nowhere/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "cannot be executed"),
        ([sys.executable, "-m", "no_such_kernel", "{connection_file}"], "No module named no_such_kernel"),
    ],
)
def test_a_kernel_that_does_not_start_says_why(worker: Worker, tmp_path: Path, argv: list[str], said: str) -> None:
    path = kernelspec(tmp_path, *argv)
    worker.order("1", kernel="odd")
    finished = worker.run(JUPYTER_PATH=str(path))
    assert finished["fault"]["kind"] == "kernel_start"
    assert said in finished["fault"]["message"]


@pytest.mark.parametrize(("losses", "state"), [(1, "succeeded"), (9, "failed")])
def test_a_kernel_that_loses_its_ports_to_another_process_is_started_anew(
    worker: Worker, tmp_path: Path, losses: int, state: str
) -> None:
    """A few times."""
    python, lost = tmp_path / "unlucky", tmp_path / "lost"
    lost.write_text("." * losses)
    said = "zmq.error.ZMQError: Address already in use (addr='tcp://127.0.0.1:34303')"
    python.write_text(f"""#!{sys.executable}
import os, pathlib, sys
lost = pathlib.Path({str(lost)!r})
if sys.argv[1] == "-m" and lost.stat().st_size:
    lost.write_text(lost.read_text()[1:])
    sys.exit({said!r})
os.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])
""")
    python.chmod(0o755)
    path = kernelspec(tmp_path, str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}")
    worker.order("print('one')", kernel="odd")
    finished = worker.run(JUPYTER_PATH=str(path))
    assert finished["state"] == state, finished
    assert not any("left behind" in one for one in finished.get("notices", []))
    if state == "failed":
        assert finished["fault"]["kind"] == "kernel_start"
        assert "Address already in use" in finished["fault"]["message"]


def test_a_snapshot_that_cannot_be_fetched_is_a_fault_of_the_launch(worker: Worker) -> None:
    worker.order("1")
    worker.control_plane.blobs.clear()
    fault = fault_of(worker)
    assert fault["kind"] == "launch"


def test_a_fault_of_the_worker_itself_is_told_and_fails_its_process(worker: Worker) -> None:
    worker.order("print('never')")
    worker.folder.mkdir(parents=True)
    (worker.folder / "workspace").write_text("in the way")
    worker.start()
    assert worker.wait() == 1
    finished = worker.control_plane.finished
    assert finished is not None
    assert finished["state"] == "failed"
    assert finished["fault"]["kind"] == "launch"
    assert "the worker failed" in finished["fault"]["message"]
    assert "Traceback" in worker.log
