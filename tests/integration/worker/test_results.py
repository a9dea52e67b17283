"""What a run leaves: outputs, metrics, models, provenance, the executed notebook."""

import json
import sys
from typing import Any

import pytest

from gristmill.runs.model import WorkerEventKind
from tests.integration.worker.conftest import Worker
from tests.integration.worker.notebooks import code

PROVENANCE = {"gristmill", "worker_python", "kernel", "device", "environment"}


def outputs_of(worker: Worker) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in worker.control_plane.of(WorkerEventKind.OUTPUT)}


def test_new_and_changed_files_are_outputs_and_the_rest_is_not(worker: Worker) -> None:
    """Names are relative to the notebook's own folder; what it named comes with its description."""
    worker.order(
        "import pathlib, os, gristmill\n"
        "pathlib.Path('plot.png').write_bytes(b'png')\n"
        "pathlib.Path('deep').mkdir(); pathlib.Path('deep/table.csv').write_text('a,b')\n"
        "pathlib.Path('../reports').mkdir(); pathlib.Path('../reports/all.html').write_text('<p>')\n"
        "pathlib.Path('config.yaml').write_text('changed')\n"
        "pathlib.Path('same.txt').write_text('as it was')\n"
        "pathlib.Path('.hidden').write_text('x'); pathlib.Path('.named').write_text('y')\n"
        "pathlib.Path('__pycache__').mkdir(); pathlib.Path('__pycache__/a.pyc').write_text('x')\n"
        "pathlib.Path('huge.bin').write_bytes(b'0' * 2000)\n"
        "os.symlink('/etc/hostname', 'link.txt'); os.mkfifo('pipe')\n"
        "os.symlink('/etc', 'folder')\n"
        "gristmill.output('.named', description='what it is')\n"
        "gristmill.output('gone.txt') if False else None",
        notebook="notebooks/train.ipynb",
        files={
            "notebooks/config.yaml": b"before",
            "notebooks/same.txt": b"as it was",
            "notebooks/untouched.txt": b"untouched",
        },
        output_limit=1000,
    )
    finished = worker.run()
    found = outputs_of(worker)
    assert set(found) == {"plot.png", "deep/table.csv", "reports/all.html", "config.yaml", ".named"}
    assert (found[".named"]["declared"], found[".named"]["description"]) == (True, "what it is")
    assert not found["plot.png"]["declared"]
    assert worker.control_plane.blobs[found["config.yaml"]["digest"]] == b"changed"
    assert any("huge.bin" in notice and "2000 bytes" in notice for notice in finished["notices"])


def test_a_failed_run_keeps_its_outputs(worker: Worker) -> None:
    worker.order("open('partial.txt', 'w').write('half')", "1 / 0")
    worker.run()
    assert set(outputs_of(worker)) == {"partial.txt"}


def test_metrics_are_told_and_logged_to_mlflow(worker: Worker) -> None:
    """Every step reaches MLflow; the parameters are those that the notebook itself has not logged."""
    worker.order(
        code("depth = 3\nrate: float = 0.1", "parameters"),
        "import gristmill\nfor step in range(50): gristmill.report(loss=1 / (1 + step), step=step)",
        "gristmill.report({'F1 (macro)': [0.5, 0.7]})",
        parameters={"depth": 6},
    )
    run = worker.control_plane.run
    run.params["depth"] = "logged by the notebook"
    worker.run()
    told: dict[str, Any] = {}
    for data in worker.control_plane.of(WorkerEventKind.METRIC):
        told |= data["metrics"]
    assert told["loss"] == {"value": 1 / 50, "step": 49}
    assert told["F1 (macro)"]["count"] == 2
    assert [one["step"] for one in run.metrics if one["key"] == "loss"] == list(range(50))
    keys = {one["key"] for one in run.metrics if not one["key"].startswith("system/")}
    assert keys == {"loss", "F1 _macro_", "F1 _macro__std", "F1 _macro__count"}
    assert run.params == {"depth": "logged by the notebook", "rate": "0.1"}


def test_progress_is_told(worker: Worker) -> None:
    worker.order(
        "import gristmill\nfor i in range(100): gristmill.progress(i / 100, f'step {i}')\ngristmill.progress(1, 'done')"
    )
    worker.run()
    told = worker.control_plane.of(WorkerEventKind.PROGRESS)
    assert told[-1] == {"fraction": 1.0, "message": "done"}
    assert len(told) < 10


def test_models_that_the_run_logged_are_told(worker: Worker) -> None:
    worker.order("1")
    worker.control_plane.run.models = [{"model_id": "m-1", "name": "churn"}]
    worker.run()
    assert worker.control_plane.of(WorkerEventKind.MODELS) == [{"models": [{"id": "m-1", "name": "churn"}]}]


def test_provenance_names_kernel_packages_and_device(worker: Worker) -> None:
    worker.order("1")
    worker.run()
    first, last = worker.control_plane.of(WorkerEventKind.ATTEMPT_STARTED)
    assert first["provenance"]["worker"].keys() <= PROVENANCE
    facts = last["provenance"]["worker"]
    assert facts.keys() == PROVENANCE
    assert facts["kernel"]["interpreter"] == sys.executable
    assert any(one.startswith("papermill==") for one in facts["environment"]["packages"])
    assert facts["environment"]["digest"].startswith("sha256:")
    assert facts["device"]["cores"] >= 1


def test_displays_are_kept_cleared_and_updated_as_in_a_notebook(worker: Worker) -> None:
    worker.order(
        "from IPython.display import clear_output, display\n"
        "print('gone'); clear_output(); print('stays')\n"
        "print('gone too'); clear_output(wait=True); print('after')",
        "handle = display('first', display_id=True)\nprint('between')\nhandle.update('second')",
        "handle.update('third')\n'result'",
        "import sys\nprint('out', end=''); print('err', end='', file=sys.stderr)",
    )
    worker.run()
    cells = worker.control_plane.executed["cells"]
    assert [one["text"] for one in cells[0]["outputs"]] == [["after\n"]]
    assert cells[1]["outputs"][0]["data"]["text/plain"] == ["'third'"]
    assert cells[1]["outputs"][1]["text"] == ["between\n"]
    assert cells[2]["outputs"][0]["data"]["text/plain"] == ["'result'"]
    assert {(one["name"], one["text"][0]) for one in cells[3]["outputs"]} == {("stdout", "out"), ("stderr", "err")}
    log = worker.control_plane.log()
    assert "gone" in log
    assert "'result'" in worker.control_plane.log("display")
    finished = worker.control_plane.of(WorkerEventKind.CELL_FINISHED)
    kept = json.loads(worker.control_plane.blobs[finished[0]["digest"]])
    assert [one["text"] for one in kept] == ["after\n"]


def test_the_tail_of_the_log_is_the_last_line_as_it_shows(worker: Worker) -> None:
    worker.order("print('\\x1b[31mred\\x1b[0m 50%\\r\\x1b[31mred\\x1b[0m 100%', end='', flush=True)")
    worker.run()
    assert worker.control_plane.of(WorkerEventKind.LOG)[-1]["tail"] == "red 100%"


def test_a_display_that_only_looks_like_a_verb_is_no_fault(worker: Worker) -> None:
    worker.order(
        "from IPython.display import publish_display_data as publish\n"
        "mime = 'application/vnd.gristmill.v1+json'\n"
        "for odd in ({'verb': 'report', 'metrics': {'a': {'value': float('nan')}}}, {'verb': 'no'}, [], 'x', None,\n"
        "            {'verb': 'output', 'path': '../../../etc/passwd'}, {'verb': 'progress', 'fraction': 7}):\n"
        "    publish({mime: odd, 'text/plain': 'odd'})"
    )
    finished = worker.run()
    assert finished["state"] == "succeeded"
    assert len(finished["notices"]) == 7
    assert outputs_of(worker) == {}


@pytest.mark.slow
def test_a_cell_whose_last_messages_get_lost_does_not_hold_up_the_rest(worker: Worker) -> None:
    deafen = "thread = get_ipython().kernel.iopub_thread; send = thread.send_multipart\n"
    deafen += "thread.send_multipart = lambda *_, **__: None"
    worker.order(deafen, "thread.send_multipart = send\nprint('heard again')")
    finished = worker.run()
    assert finished["state"] == "succeeded"
    assert any("the last output of cell 0 got lost" in notice for notice in finished["notices"])
    assert "heard again" in worker.control_plane.log()
