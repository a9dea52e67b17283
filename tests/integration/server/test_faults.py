"""What dies in the middle of a run, with real processes and real kill -9."""

import os
import signal
from collections.abc import Iterator

import httpx
import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.wire import Event
from gristmill.runs.model import FaultKind, Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

pytestmark = pytest.mark.both_databases

# Runs until a file appears beside it, and counts how often it was begun.
PATIENT = """
import pathlib, time
pathlib.Path({mark!r}).open("a").write("begun\\n")
print("at it", flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.05)
"""


@pytest.fixture(autouse=True)
def everything_is_freed(client: Client) -> Iterator[None]:
    """Whatever a test does, no reservation and no process of an attempt is left."""
    yield
    until(lambda: all(one.in_use == 0 for one in client.send(api.list_profiles())), what="reservations are freed")
    assert marked(client) == []


def marked(client: Client) -> list[psutil.Process]:
    """Living processes of any attempt of this control plane."""
    attempts = {run.attempt.id for run in client.send(api.list_runs(limit=500)) if run.attempt}
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GRISTMILL_ATTEMPT") in attempts and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def attempt_processes(run: Run, client: Client, containing: str) -> list[psutil.Process]:
    attempt = client.send(api.get_run(run.id)).run.attempt
    assert attempt is not None
    found = []
    for process in marked(client):
        try:
            if process.environ()["GRISTMILL_ATTEMPT"] == attempt.id and containing in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def tracked_status(client: Client, run: Run) -> str:
    """The state of the run's MLflow run, by MLflow's own REST API."""
    assert run.attempt is not None
    answer = httpx.get(
        f"{client.url}/mlflow/api/2.0/mlflow/runs/get",
        params={"run_id": run.attempt.tracking_run or ""},
        headers={"Authorization": f"Bearer {client.transport.credentials.token}"},
    )
    return str(answer.json()["run"]["info"]["status"])


def at_it(client: Client, run: Run) -> None:
    until(lambda: (now := client.send(api.get_run(run.id)).run.attempt) and now.progress.tail == "at it", what="at it")


def events_of(client: Client, run: Run) -> list[Event]:
    return list(client.send(api.list_run_events(run.id, limit=1000)).events)


def test_a_run_goes_on_without_its_control_plane_and_ends_once(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    """It is adopted after the restart; every event arrives once and in order."""
    mark, gate = control_plane.home / "mark", control_plane.home / "gate"
    cells = [PATIENT.format(mark=str(mark), gate=str(gate)), *(f"print({n})" for n in range(5))]
    run = client.run(notebook(*cells))
    at_it(client, run)
    control_plane.kill()
    gate.touch()
    with control_plane.client() as again:
        ended = again.wait(run)
        assert ended.state is RunState.SUCCEEDED
        numbers = [event.n for event in events_of(again, run) if event.n is not None]
        assert numbers == list(range(1, len(numbers) + 1))
        finished = [event for event in events_of(again, run) if event.kind == "cell.finished"]
        assert len(finished) == len(cells)
    assert mark.read_text() == "begun\n"


def test_what_a_worker_wrote_down_while_no_control_plane_lived_is_taken_from_its_journal(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    mark, gate = control_plane.home / "mark2", control_plane.home / "gate2"
    never = PATIENT.format(mark=os.devnull, gate=str(control_plane.home / "never"))
    run = client.run(notebook(PATIENT.format(mark=str(mark), gate=str(gate)), "x = 1", never))
    at_it(client, run)
    attempt = client.send(api.get_run(run.id)).run.attempt
    assert attempt is not None
    journal = control_plane.home / "attempts" / attempt.id / "journal.jsonl"
    workers = attempt_processes(run, client, "gristmill.worker")
    control_plane.kill()
    gate.touch()
    until(lambda: journal.read_text().count("cell.finished") >= 2, what="two cells are through")
    for worker in workers:
        worker.kill()
    written = journal.read_text().count("\n")
    with control_plane.client() as again:
        ended = again.wait(run)
        assert ended.fault is not None
        assert ended.fault.kind is FaultKind.WORKER_LOST
        numbers = [event.n for event in events_of(again, run) if event.n is not None]
        assert numbers == list(range(1, written + 1))


def test_a_killed_worker_is_noticed_its_run_fails_and_its_kernel_ends(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    run = client.run(notebook(PATIENT.format(mark=os.devnull, gate=str(control_plane.home / "never"))))
    at_it(client, run)
    for worker in attempt_processes(run, client, "gristmill.worker"):
        worker.send_signal(signal.SIGKILL)
    ended = client.wait(run)
    assert ended.state is RunState.FAILED
    assert ended.fault is not None
    assert ended.fault.kind is FaultKind.WORKER_LOST
    assert ended.fault.hint
    until(lambda: tracked_status(client, ended) == "FAILED", what="its MLflow run is ended too")


def test_a_killed_worker_is_tried_again_where_retries_are_left(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    mark, gate = control_plane.home / "mark3", control_plane.home / "gate3"
    run = client.run(notebook(PATIENT.format(mark=str(mark), gate=str(gate))), retries=1)
    at_it(client, run)
    for worker in attempt_processes(run, client, "gristmill.worker"):
        worker.send_signal(signal.SIGKILL)
    gate.touch()
    assert client.wait(run).state is RunState.SUCCEEDED
    assert [one.state for one in client.send(api.get_run(run.id)).attempts] == [RunState.FAILED, RunState.SUCCEEDED]
    assert mark.read_text() == "begun\nbegun\n"


def test_a_killed_kernel_fails_the_run_and_names_the_cell(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    run = client.run(notebook("x = 1", PATIENT.format(mark=os.devnull, gate=str(control_plane.home / "never"))))
    at_it(client, run)
    for kernel in attempt_processes(run, client, "ipykernel"):
        kernel.send_signal(signal.SIGKILL)
    ended = client.wait(run)
    assert ended.fault is not None
    assert (ended.fault.kind, ended.fault.cell) == (FaultKind.KERNEL_DIED, 1)


def test_a_killed_mlflow_comes_back_and_the_run_succeeds(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    gate = control_plane.home / "gate4"
    last = "import mlflow\nmlflow.log_metric('after', 2.0)"
    run = client.run(notebook(PATIENT.format(mark=os.devnull, gate=str(gate)), last))
    at_it(client, run)
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "mlflow_process" in line and str(control_plane.home) in line:
            process.send_signal(signal.SIGKILL)
    gate.touch()
    assert client.wait(run).state is RunState.SUCCEEDED


def test_cancel_interrupts_and_keeps_the_partial_notebook(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    run = client.run(notebook("print('kept')", PATIENT.format(mark=os.devnull, gate=str(control_plane.home / "never"))))
    at_it(client, run)
    client.send(api.cancel_run(run.id))
    assert client.wait(run).state is RunState.CANCELLED
    assert b"kept" in client.send(api.executed_notebook(run.id))


def test_a_notebook_that_does_not_end_is_stopped_at_its_timeout(client: Client, notebook: WriteNotebook) -> None:
    run = client.run(notebook("import time\nwhile True:\n    time.sleep(0.1)"), timeout_s=2.0)
    ended = client.wait(run)
    assert ended.fault is not None
    assert ended.fault.kind is FaultKind.TIMEOUT


def test_children_that_a_notebook_leaves_behind_end_with_it(client: Client, notebook: WriteNotebook) -> None:
    source = "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)"
    assert client.wait(client.run(notebook(source))).state is RunState.SUCCEEDED
    until(lambda: marked(client) == [], what="the child is gone")


def test_a_failed_cell_says_which_and_where(client: Client, notebook: WriteNotebook) -> None:
    run = client.wait(client.run(notebook("x = 1", "y = 2\nraise KeyError('missing')")))
    assert run.fault is not None
    assert (run.fault.kind, run.fault.cell, run.fault.line) == (FaultKind.CELL_ERROR, 1, 2)
    assert "KeyError" in run.fault.message


def test_runs_beyond_the_machine_wait_and_say_why(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook
) -> None:
    gate = control_plane.home / "gate5"
    path = notebook(PATIENT.format(mark=os.devnull, gate=str(gate)))
    first = client.run(path, profile="large")
    at_it(client, first)
    second = client.run(path, profile="large")
    until(lambda: "waiting for" in (client.send(api.get_run(second.id)).run.waiting or ""), what="it says why")
    gate.touch()
    assert client.wait(first).state is RunState.SUCCEEDED
    assert client.wait(second).state is RunState.SUCCEEDED
