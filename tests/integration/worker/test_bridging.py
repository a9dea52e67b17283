"""A worker goes on while the control plane or MLflow is away, and delivers everything once it is back."""

from collections.abc import Callable
from pathlib import Path

from gristmill.runs.model import WorkerEventKind
from tests.integration.worker.conftest import Worker
from tests.integration.worker.control_plane_double import ControlPlaneDouble
from tests.stranger import stranger
from tests.waiting import until

STEP_BY_STEP = (
    "import pathlib, time\n"
    "def wait(name):\n"
    "    while not pathlib.Path(gate, name).exists(): time.sleep(0.02)\n"
    "    print('passed', name, flush=True)"
)


def gated(worker: Worker, tmp_path: Path) -> Path:
    """An order for a notebook whose cells each wait until a file is there: `one`, `two`, `three`."""
    gate = tmp_path / "gate"
    gate.mkdir()
    worker.order(f"gate = {str(gate)!r}\n{STEP_BY_STEP}", "wait('one')", "wait('two')", "wait('three')")
    return gate


def executed_cells(worker: Worker) -> int:
    text = (worker.folder / "executed.ipynb").read_text()
    return text.count("passed ")


def assert_all_told(control_plane: ControlPlaneDouble) -> None:
    assert [event.n for event in control_plane.events] == list(range(1, len(control_plane.events) + 1))
    assert control_plane.finished is not None
    assert control_plane.finished["state"] == "succeeded"
    assert len(control_plane.of(WorkerEventKind.CELL_FINISHED)) == 4
    assert control_plane.log() == "passed one\npassed two\npassed three\n"


def test_a_control_plane_that_is_away_misses_no_event(worker: Worker, tmp_path: Path) -> None:
    """The notebook goes on meanwhile."""
    gate = gated(worker, tmp_path)
    worker.start()
    (gate / "one").touch()
    worker.until_printed("passed one")
    with worker.control_plane.away():
        (gate / "two").touch()
        until(lambda: executed_cells(worker) == 2, what="the second cell, with nobody to tell")
    (gate / "three").touch()
    assert worker.wait() == 0, worker.log
    assert_all_told(worker.control_plane)


def test_a_control_plane_that_comes_back_elsewhere_is_followed_and_no_stranger_sees_the_token(
    worker: Worker, tmp_path: Path
) -> None:
    """MLflow, which is reached through it, too."""
    gate = gated(worker, tmp_path)
    worker.start()
    (gate / "one").touch()
    worker.until_printed("passed one")
    with stranger(worker.control_plane.move()) as (other, _):
        (gate / "two").touch()
        until(lambda: len(other.asked) > 1, what="questions to whoever has the old port")
        worker.address_file.write_text(f"{worker.control_plane.url}\n")
        (gate / "three").touch()
        assert worker.wait() == 0, worker.log
    assert other.tokens == []
    assert_all_told(worker.control_plane)
    assert worker.control_plane.run.status == "FINISHED"


def test_a_control_plane_that_is_away_at_the_end_is_waited_for(worker: Worker, tmp_path: Path) -> None:
    gate = gated(worker, tmp_path)
    worker.start()
    (gate / "one").touch()
    worker.until_printed("passed one")
    with worker.control_plane.away():
        (gate / "two").touch()
        (gate / "three").touch()
        journal = worker.folder / "journal.jsonl"
        until(lambda: journal.read_bytes().count(b'"cell.finished"') == 4, what="the end of the notebook")
    assert worker.wait() == 0, worker.log
    assert_all_told(worker.control_plane)


def test_a_control_plane_that_is_away_at_the_claim_is_waited_for(worker: Worker) -> None:
    worker.order("print('done')")
    with worker.control_plane.away():
        worker.start()
        until((worker.folder / "runtime").exists, what="the worker's start")
    assert worker.wait() == 0, worker.log
    assert worker.control_plane.finished is not None


def test_an_answer_that_says_later_is_no_refusal(worker: Worker, tmp_path: Path) -> None:
    gate = gated(worker, tmp_path)
    control_plane = worker.control_plane
    worker.start()
    until(lambda: control_plane.of(WorkerEventKind.CELL_STARTED), what="the first cell")
    control_plane.failing["/events"] = 503
    (gate / "one").touch()
    until(lambda: executed_cells(worker) == 1, what="the second cell")
    control_plane.failing.clear()
    (gate / "two").touch()
    (gate / "three").touch()
    assert worker.wait() == 0, worker.log
    assert_all_told(control_plane)


def test_a_worker_whose_token_died_stops_and_leaves_its_journal(worker: Worker, tmp_path: Path) -> None:
    """The control plane has given the attempt up: nobody waits for its end."""
    gate = gated(worker, tmp_path)
    control_plane = worker.control_plane
    worker.start()
    until(lambda: control_plane.of(WorkerEventKind.CELL_STARTED), what="the first cell")
    control_plane.failing["/api/"] = 401
    (gate / "one").touch()
    assert worker.wait() == 3
    assert control_plane.finished is None
    assert b'"attempt.finished"' in (worker.folder / "journal.jsonl").read_bytes()
    assert worker.processes() == []


def test_of_two_workers_only_one_executes(make_worker: Callable[[], Worker]) -> None:
    """The loser exits quietly and starts no kernel."""
    first, second = make_worker(), make_worker()
    second.attempt = first.attempt
    second.folder = first.folder.with_name(f"{first.folder.name}-again")
    first.order("print('once')")
    first.start()
    second.start()
    assert (first.wait(), second.wait()) == (0, 0)
    assert first.control_plane.claims == 2
    assert first.control_plane.log() == "once\n"
    journals = [(one.folder / "journal.jsonl").exists() for one in (first, second)]
    assert sorted(journals) == [False, True]


def test_a_wrong_token_is_no_claim(worker: Worker) -> None:
    worker.order("1")
    worker.control_plane.failing["/claim"] = 401
    worker.start()
    assert worker.wait() == 1
    assert "no claim" in worker.log


def test_mlflow_that_is_away_is_waited_for(worker: Worker) -> None:
    worker.order("import gristmill; gristmill.report(auc=0.9)", parameters={})
    control_plane = worker.control_plane
    control_plane.failing["/mlflow/"] = 502
    worker.start()
    until(lambda: control_plane.of(WorkerEventKind.CELL_FINISHED), what="the end of the cell")
    assert control_plane.finished is None
    control_plane.failing.clear()
    assert worker.wait() == 0, worker.log
    assert control_plane.run.metrics[0]["key"] == "auc"
    assert control_plane.run.status == "FINISHED"


def test_what_mlflow_refuses_fails_no_run(worker: Worker) -> None:
    worker.order("import gristmill; gristmill.report(auc=0.9)")
    worker.control_plane.failing["log-batch"] = 400
    finished = worker.run()
    assert finished["state"] == "succeeded"
    assert any("MLflow did not take metrics" in notice for notice in finished["notices"])
