"""A worker executes one attempt from its claim to its end."""

from gristmill.runs.model import WorkerEventKind
from tests.integration.worker.conftest import Worker
from tests.integration.worker.notebooks import code, markdown


def test_a_notebook_is_executed_and_every_step_told(worker: Worker) -> None:
    worker.order(
        markdown("# Title"),
        code("x = 5", "parameters"),
        "print('x is', x)\nimport gristmill; gristmill.report(auc=[0.9, 0.92, 0.94], rows=10)",
        "",
        parameters={"x": 7},
    )
    finished = worker.run()
    control_plane = worker.control_plane
    assert finished["state"] == "succeeded"
    assert "x is 7" in control_plane.log("stdout")
    started = control_plane.of(WorkerEventKind.CELL_STARTED)
    assert [(one["cell"], one["number"], one["of"]) for one in started] == [(1, 1, 3), (None, 2, 3), (2, 3, 3)]
    assert control_plane.of(WorkerEventKind.METRIC)[-1]["metrics"]["rows"] == {"value": 10.0}
    assert [event.n for event in control_plane.events] == list(range(1, len(control_plane.events) + 1))
    assert control_plane.run.status == "FINISHED"
    assert worker.processes() == []
