"""Kernels of failed runs, kept: one connects to them; they end at their time, when told to, or with their worker."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import NotFoundError
from gristmill.runs.model import PostMortemKernel, Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

WRONG = ("frame = {'rows': 41}\nprint('at it', flush=True)", "frame['rows'] += 1\nraise KeyError('what is this')")


@pytest.fixture(autouse=True)
def everything_is_freed(client: Client) -> Iterator[None]:
    """Whatever a test does, no reservation and no process of an attempt is left."""
    yield
    with_kernels = client.send(api.list_kernels())
    for one in with_kernels:
        client.send(api.end_kernel(one.id))
    freed(client, *with_kernels)


def freed(client: Client, *kernels: PostMortemKernel) -> None:
    until(lambda: client.send(api.list_kernels()) == (), what="no kernel is kept")
    profiles = api.list_profiles()
    until(lambda: all(one.in_use == one.kept == 0 for one in client.send(profiles)), what="reservations are freed")
    for one in kernels:
        assert processes(one.id) == []


def processes(attempt: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GRISTMILL_ATTEMPT") == attempt and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def workers(attempt: str) -> list[psutil.Process]:
    found = []
    for one in processes(attempt):
        with suppress(psutil.Error):
            if "gristmill.worker" in " ".join(one.cmdline()):
                found.append(one)
    return found


@pytest.fixture
def fail(client: Client, notebook: WriteNotebook) -> Callable[..., tuple[Run, PostMortemKernel]]:
    """A run that has failed, and its kernel."""

    def run(seconds: float = 600.0) -> tuple[Run, PostMortemKernel]:
        ended = client.wait(client.run(notebook(*WRONG), post_mortem_s=seconds))
        assert ended.state is RunState.FAILED
        (kernel,) = client.send(api.list_kernels())
        return ended, kernel

    return run


@contextmanager
def connected(path: str) -> Iterator[BlockingKernelClient]:
    """As `jupyter console --existing PATH` does."""
    kernel = BlockingKernelClient(connection_file=path)
    kernel.load_connection_file()
    kernel.start_channels()
    try:
        kernel.wait_for_ready(timeout=30)
        yield kernel
    finally:
        kernel.stop_channels()


def value(kernel: BlockingKernelClient, expression: str) -> str:
    reply = kernel.execute_interactive(
        "", user_expressions={"asked": expression}, timeout=30, output_hook=lambda _: None
    )
    return str(reply["content"]["user_expressions"]["asked"].get("data", {}).get("text/plain", reply))


def test_a_failed_runs_kernel_is_there_with_its_variables_until_it_is_ended(
    client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]
) -> None:
    run, kernel = fail()
    assert run.attempt is not None
    assert run.attempt.kept_kernel == kernel.kept
    assert (kernel.run, kernel.number, kernel.profile) == (run.id, run.number, run.profile)
    assert (kernel.kept.until - kernel.kept.since).total_seconds() == 600
    assert kernel.memory is not None
    assert kernel.memory > 2**20
    profile = next(one for one in client.send(api.list_profiles()) if one.profile.name == run.profile)
    assert (profile.in_use, profile.kept) == (1, 1)
    assert client.send(api.status()).kernels == (run.name,)
    assert client.send(api.status()).runs == ()
    with connected(kernel.kept.connection_file) as connection:
        assert value(connection, "frame") == "{'rows': 42}"
        assert value(connection, "1 + 1") == "2"
    ending = client.send(api.end_kernel(str(run.number)))
    assert ending.kept.ending
    freed(client, kernel)
    again = client.send(api.get_run(run.id)).run
    assert again.attempt is not None
    assert again.attempt.kept_kernel is None
    with pytest.raises(NotFoundError, match="no kernel of"):
        client.send(api.end_kernel(run.id))
    kinds = [event.kind for event in client.send(api.list_run_events(run.id, limit=1000)).events]
    assert [kind for kind in kinds if "kernel" in kind] == [
        "run.kernel_kept",
        "run.kernel_ending",
        "run.kernel_ended",
    ]


def test_only_its_user_may_read_what_connects(fail: Callable[..., tuple[Run, PostMortemKernel]]) -> None:
    path = Path(fail()[1].kept.connection_file)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_it_ends_by_itself_at_its_time(client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]) -> None:
    run, kernel = fail(5.0)
    freed(client, kernel)
    assert datetime.now(UTC) >= kernel.kept.until
    assert client.send(api.get_run(run.id)).run.state is RunState.FAILED


def test_it_ends_when_who_looks_ends_it(client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]) -> None:
    _, kernel = fail()
    with connected(kernel.kept.connection_file) as connection:
        connection.shutdown()
    freed(client, kernel)


def test_a_busy_one_is_ended_too(client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]) -> None:
    _, kernel = fail()
    with connected(kernel.kept.connection_file) as connection:
        connection.execute("import time\nwhile True: time.sleep(1)")
        client.send(api.end_kernel(kernel.id))
        freed(client, kernel)


def test_its_run_writes_nothing_more_to_mlflow(
    client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]
) -> None:
    """The record of a run is that of its end."""
    run, kernel = fail()
    assert run.attempt is not None
    ask = "__import__('os').environ['MLFLOW_TRACKING_URI'], __import__('os').environ['MLFLOW_TRACKING_TOKEN']"
    with connected(kernel.kept.connection_file) as connection:
        uri, token = eval(value(connection, ask))  # noqa: S307  # the text of two strings, from our own kernel
    answer = httpx.get(
        f"{uri}/api/2.0/mlflow/runs/get",
        params={"run_id": run.attempt.tracking_run or ""},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 401


def test_a_run_that_is_deleted_takes_its_kernel_with_it(
    client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]
) -> None:
    run, kernel = fail()
    deleted = client.send(api.delete_run(run.id))
    assert deleted.attempt is not None
    assert deleted.attempt.kept_kernel is not None
    assert deleted.attempt.kept_kernel.deleting
    freed(client, kernel)

    def gone() -> bool:
        return run.id not in {one.id for one in client.send(api.list_runs(limit=500))}

    until(gone, what="the run is deleted")


def test_a_killed_worker_frees_all_of_it(client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]) -> None:
    run, kernel = fail()
    for worker in workers(kernel.id):
        worker.send_signal(signal.SIGKILL)
    freed(client, kernel)
    assert client.send(api.get_run(run.id)).run.fault == run.fault


def test_it_survives_its_control_plane(
    control_plane: ControlPlane, client: Client, fail: Callable[..., tuple[Run, PostMortemKernel]]
) -> None:
    run, kernel = fail()
    control_plane.kill()
    with control_plane.client() as again:
        (found,) = again.send(api.list_kernels())
        assert (found.id, found.kept) == (kernel.id, kernel.kept)
        with connected(kernel.kept.connection_file) as connection:
            assert value(connection, "frame['rows']") == "42"
        again.send(api.end_kernel(run.name))
        freed(again, kernel)


def test_one_whose_time_is_over_while_no_control_plane_lives_is_gone_then(
    control_plane: ControlPlane, fail: Callable[..., tuple[Run, PostMortemKernel]]
) -> None:
    _, kernel = fail(5.0)
    control_plane.kill()
    until(lambda: processes(kernel.id) == [], what="worker and kernel have ended")
    with control_plane.client() as again:
        freed(again, kernel)


def test_of_a_run_that_is_tried_again_only_the_last_attempts_kernel_is_kept(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    mark = control_plane.home / f"mark-{os.urandom(4).hex()}"
    source = f"import pathlib\npathlib.Path({str(mark)!r}).open('a').write('x')\nraise ValueError"
    run = client.wait(client.run(notebook(source), retries=1, post_mortem_s=600.0))
    assert mark.read_text() == "xx"
    (kernel,) = client.send(api.list_kernels())
    assert run.attempt is not None
    assert (run.attempt.number, run.attempt.id) == (2, kernel.id)


def test_none_is_kept_of_a_run_that_succeeds_or_did_not_ask(client: Client, notebook: WriteNotebook) -> None:
    assert client.wait(client.run(notebook("x = 1"), post_mortem_s=600.0)).state is RunState.SUCCEEDED
    assert client.wait(client.run(notebook("raise ValueError"))).state is RunState.FAILED
    dead = client.wait(client.run(notebook("import os\nos._exit(1)"), post_mortem_s=600.0))
    assert dead.state is RunState.FAILED
    assert client.send(api.list_kernels()) == ()
