"""A worker that keeps the kernel of a notebook that has failed."""

import signal
from typing import Any

import psutil
from jupyter_client.blocking.client import BlockingKernelClient

from gristmill.secrets.model import GrantedSecret
from tests.integration.worker.conftest import Worker
from tests.waiting import until

FAILS = ("kept = [1, 2]", "1 / 0")


def kept(worker: Worker) -> dict[str, Any]:
    """What the worker said of the end; it lives."""
    until(lambda: worker.control_plane.finished is not None, what="the end is told")
    finished = worker.control_plane.finished
    assert finished is not None
    assert worker.process is not None
    assert worker.process.poll() is None
    return finished


def asked(connection_file: str, expression: str) -> str:
    client = BlockingKernelClient(connection_file=connection_file)
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=30)
        reply = client.execute(expression, user_expressions={"asked": expression}, reply=True, timeout=30)
        return str(reply["content"]["user_expressions"]["asked"]["data"]["text/plain"])
    finally:
        client.stop_channels()


def test_the_end_is_told_at_once_and_the_kernel_lives_until_sigterm(worker: Worker) -> None:
    worker.order(*FAILS, post_mortem_s=600.0)
    process = worker.start()
    finished = kept(worker)
    assert (finished["state"], finished["fault"]["kind"]) == ("failed", "cell_error")
    assert worker.control_plane.run.status == "FAILED"
    assert asked(finished["connection_file"], "kept") == "[1, 2]"
    process.terminate()
    assert worker.wait() == 0, worker.log
    assert worker.processes() == []
    assert worker.control_plane.finished == finished


def test_the_runs_own_timeout_does_not_end_it_and_its_time_does(worker: Worker) -> None:
    worker.order(*FAILS, "never = 1", timeout_s=30.0, post_mortem_s=3.0)
    worker.start()
    finished = kept(worker)
    assert worker.wait() == 0, worker.log
    assert finished["fault"]["kind"] == "cell_error"
    assert worker.processes() == []


def test_what_the_notebook_has_started_lives_as_long_as_its_kernel(worker: Worker) -> None:
    starts = "import subprocess\nchild = subprocess.Popen(['sleep', '600'], start_new_session=True).pid"
    worker.order(starts, *FAILS, post_mortem_s=600.0)
    process = worker.start()
    child = int(asked(kept(worker)["connection_file"], "child"))
    assert psutil.pid_exists(child)
    process.send_signal(signal.SIGTERM)
    assert worker.wait() == 0, worker.log
    until(lambda: not psutil.pid_exists(child), what="the child is gone")


def test_what_the_kept_kernel_prints_is_not_the_runs_and_fills_no_memory(worker: Worker) -> None:
    worker.order(*FAILS, post_mortem_s=600.0)
    process = worker.start()
    connection_file = kept(worker)["connection_file"]
    before = psutil.Process(process.pid).memory_info().rss
    asked(connection_file, "[print('x' * 10**6) for _ in range(100)] and 1")
    assert psutil.Process(process.pid).memory_info().rss - before < 30 * 2**20
    assert "xxx" not in worker.control_plane.log()
    process.terminate()
    assert worker.wait() == 0, worker.log


def test_secrets_are_not_to_be_asked_for_any_more(worker: Worker) -> None:
    granted = (GrantedSecret(name="password", value="swordfish-41"),)
    worker.order("import gristmill\nhad = len(gristmill.secret('password'))", *FAILS, secrets=granted, post_mortem_s=60)
    process = worker.start()
    connection_file = kept(worker)["connection_file"]
    assert asked(connection_file, "had") == "12"
    assert (
        asked(connection_file, "__import__('os').path.exists(__import__('os').environ['GRISTMILL_SECRETS'])") == "False"
    )
    process.terminate()
    assert worker.wait() == 0, worker.log


def test_a_kernel_that_has_died_is_not_kept(worker: Worker) -> None:
    worker.order("import os\nos._exit(3)", post_mortem_s=600.0)
    finished = worker.run()
    assert finished["fault"]["kind"] == "kernel_died"
    assert "connection_file" not in finished


def test_one_that_succeeds_or_is_cancelled_ends_as_ever(worker: Worker) -> None:
    worker.order("print('ready', flush=True)\nimport time\nwhile True: time.sleep(0.05)", post_mortem_s=600.0)
    process = worker.start()
    worker.until_printed("ready")
    process.terminate()
    assert worker.wait() == 0, worker.log
    finished = worker.control_plane.finished
    assert finished is not None
    assert finished["state"] == "cancelled"
    assert "connection_file" not in finished
