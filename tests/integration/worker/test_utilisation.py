"""A worker with a real kernel tells what both use."""

from typing import Any

from gristmill.runs.model import WorkerEventKind
from tests.integration.worker.conftest import Worker

WORKS = "held = bytearray(300_000_000)\nfor at in range(0, len(held), 4096): held[at] = 1"
BUSY = "import time\nend = time.process_time() + 2.5\nwhile time.process_time() < end: pass"


def test_memory_and_cores_of_the_kernel_are_told_before_the_end(worker: Worker) -> None:
    worker.order(WORKS, BUSY)
    assert worker.run()["state"] == "succeeded"
    kinds = [event.kind for event in worker.control_plane.events]
    assert kinds[-1] is WorkerEventKind.ATTEMPT_FINISHED
    points: list[dict[str, Any]] = [
        point
        for event in worker.control_plane.events
        if event.kind is WorkerEventKind.UTILISATION
        for point in event.data["points"]
    ]
    assert 300e6 < max(point["memory_peak"] for point in points) < 900e6
    assert sum(point["cpu"] * point["seconds"] for point in points) > 2.5
    assert [point["at"] for point in points] == sorted(point["at"] for point in points)
