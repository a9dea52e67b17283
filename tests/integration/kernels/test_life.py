"""Interrupt, input, restart, crash, shutdown, and the end of those around: as jupyter_client has it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from gristmill_kernels.forked import UNKNOWN_STATUS, Forked

from gristmill.cli import checks
from tests.integration.kernels.conftest import one_zygote, plain_environ
from tests.integration.kernels.started import StartedKernel
from tests.waiting import until

Start = Callable[..., StartedKernel]


def test_an_interrupt_ends_the_cell_and_not_the_kernel(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    assert kernel.is_forked
    request = kernel.begin("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != request:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('still there')") == "still there\n"


def test_input_is_asked_of_the_client(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    printed: list[str] = []
    kernel.client.execute_interactive(
        "print('you said ' + input('what? '))",
        allow_stdin=True,
        timeout=60,
        stdin_hook=lambda _: kernel.client.input("this"),
        output_hook=lambda message: printed.append(message["content"].get("text", "")),
    )
    assert "you said this\n" in printed


def test_a_restarted_kernel_is_another_process_without_the_old_names(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    before = kernel.pid
    kernel.run("name = 1")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.is_forked
    assert kernel.pid != before
    assert kernel.run("print('name' in globals())") == "False\n"


def test_a_shutdown_runs_exit_hooks(warm_home: Path, start_kernel: Start, tmp_path: Path) -> None:
    kernel = start_kernel()
    kernel.run(f"import atexit, pathlib\natexit.register(pathlib.Path({str(tmp_path / 'left')!r}).touch)")
    process = kernel.provisioner.process
    assert isinstance(process, Forked)
    kernel.manager.shutdown_kernel()
    assert process.returncode == 0
    assert (tmp_path / "left").exists()
    assert not psutil.pid_exists(process.pid)


def test_a_crash_is_noticed_within_a_second_with_its_status(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    process = kernel.provisioner.process
    kernel.client.execute("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    until(lambda: not psutil.pid_exists(kernel.pid), what="the kernel is dead")
    began = time.monotonic()
    assert not kernel.manager.is_alive()
    assert time.monotonic() - began < 1
    assert process.poll() == -signal.SIGSEGV
    kernel = start_kernel()
    process = kernel.provisioner.process
    kernel.client.execute("import os; os._exit(7)")
    assert until(lambda: process.poll() is not None, what="it has ended")
    assert process.poll() == 7


OWNER = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1]]
import os
from tests.integration.kernels.started import StartedKernel
kernel = StartedKernel(Path(sys.argv[2]), os.environ)
print(kernel.pid, kernel.is_forked, flush=True)
sys.stdin.read()
os._exit(9)
"""


def test_a_kernel_ends_with_its_owner(warm_home: Path, tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root), str(tmp_path)],
        env={**plain_environ(), "GRISTMILL_HOME": str(warm_home), "GRISTMILL_WARM_KERNELS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    pid, forked = owner.stdout.readline().split()
    assert forked == "True"
    assert psutil.pid_exists(int(pid))
    owner.kill()
    until(lambda: not psutil.pid_exists(int(pid)), what="the kernel is gone")
    owner.wait()
    owner.stdin.close()
    owner.stdout.close()


def test_a_killed_zygote_takes_no_kernel_along_and_is_replaced(own_home: Path, start_kernel: Start) -> None:
    assert not start_kernel().is_forked, "the first one does not wait for a zygote"
    zygote = one_zygote(own_home)
    kernel = start_kernel()
    assert kernel.is_forked
    os.kill(zygote.pid, signal.SIGKILL)
    until(lambda: psutil.Process(zygote.pid).status() == psutil.STATUS_ZOMBIE, what="the zygote is dead")
    assert kernel.run("print(6 * 7)") == "42\n"
    assert not start_kernel().is_forked, "its socket is there, and nobody behind it"
    assert one_zygote(own_home).pid != zygote.pid
    assert start_kernel().is_forked
    kernel.kill()
    process = kernel.provisioner.process
    assert until(lambda: process.poll() is not None, what="its end is noticed")
    assert process.poll() == -signal.SIGKILL, "its keeper told, not the zygote"


def test_a_killed_keeper_takes_no_kernel_along(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    process = kernel.provisioner.process
    assert isinstance(process, Forked)
    os.kill(process.parent, signal.SIGKILL)
    assert kernel.run("print(6 * 7)") == "42\n"
    kernel.kill()
    assert until(lambda: process.poll() is not None, what="its end is noticed")
    assert process.poll() == UNKNOWN_STATUS


def test_doctor_says_what_zygotes_cost(warm_home: Path, start_kernel: Start) -> None:
    kernel = start_kernel()
    assert kernel.is_forked
    kernel.run("held = b'x' * 50_000_000")
    (check,) = [one for one in checks._zygotes(warm_home) if str(one_zygote(warm_home).pid) in one.name]
    assert sys.executable in check.says
    assert "1 living" in check.says
    ((_, below),) = one_zygote(warm_home).children
    assert below > 50_000_000, "the kernel itself, not its keeper alone"
    assert list(checks._zygotes(warm_home / "nothing")) == []
