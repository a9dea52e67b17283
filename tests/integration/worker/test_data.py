"""A run's data, in a worker of its own: found at its place, and never harmed, however the worker ends."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gristmill.data_roots.model import DataBinding, DigestMethod
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.model import WorkerEventKind
from gristmill.worker.data_roots.binders.mount import may_mount
from tests.integration.worker.conftest import Worker
from tests.waiting import until

WAITS = "import time\nprint(open('../data/a.csv').read(), flush=True)\ntime.sleep(600)"
BINDINGS = ["auto", pytest.param("mount", marks=pytest.mark.skipif(not may_mount(), reason="this user may not mount"))]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "the data"
    (folder / "raw").mkdir(parents=True)
    (folder / "a.csv").write_text("a,b")
    (folder / "raw/b.csv").write_text("c,d")
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def bound(data: Path, at: str = "data", **fields: Any) -> tuple[DataBinding, ...]:
    return (DataBinding(name="mine", source=str(data), at=at, **fields),)


def facts(worker: Worker) -> dict[str, Any]:
    """What was last said of the data."""
    said = worker.control_plane.of(WorkerEventKind.ATTEMPT_STARTED)[-1]["provenance"]["worker"]["data"]
    found: dict[str, Any] = said["mine"]
    return found


@pytest.mark.parametrize("binding", BINDINGS)
def test_data_is_at_its_place_beside_the_project_and_its_digest_is_told(
    worker: Worker, data: Path, binding: str
) -> None:
    before = contents(data)
    reads = "import os\nprint(open('../../shared/raw/b.csv').read(), sorted(os.listdir('../../shared')))"
    tries = "try: open('../../shared/new.csv', 'w').write('x')\nexcept OSError as error: print(error.strerror)"
    worker.order(reads, tries, notebook="nb/train.ipynb", data=bound(data, "../shared", digest=DigestMethod.CONTENT))
    finished = worker.run(GRISTMILL_DATA_BINDING=binding)
    assert finished["state"] == "succeeded", finished
    assert "c,d ['a.csv', 'raw']" in worker.control_plane.log()
    told = facts(worker)
    assert (told["digest_method"], told["files"], told["size"], told["at"]) == ("content", 2, 6, "../shared")
    assert told["digest"].startswith("sha256:")
    assert told["bound"] == ("mount" if binding == "mount" else told["bound"])
    if binding == "mount":
        assert "Read-only file system" in worker.control_plane.log()
    assert worker.control_plane.of(WorkerEventKind.OUTPUT) == []
    assert contents(data) == before


@pytest.mark.parametrize("binding", BINDINGS)
def test_whoever_removes_the_folder_of_a_killed_worker_removes_no_data(
    worker: Worker, data: Path, binding: str
) -> None:
    """While its kernel still lives, and once more when it is gone."""
    before = contents(data)
    worker.order(WAITS, notebook="nb/train.ipynb", data=bound(data))
    process = worker.start(GRISTMILL_DATA_BINDING=binding)
    worker.until_printed("a,b")
    process.kill()
    process.wait()
    LocalExecutor(worker.folder.parent).forget(worker.attempt)
    assert contents(data) == before
    LocalExecutor(worker.folder.parent).kill(worker.attempt)
    until(lambda: not worker.processes(), what="its kernel is gone")
    shutil.rmtree(worker.folder, ignore_errors=True)
    assert not worker.folder.exists()
    assert contents(data) == before


def test_a_cancelled_run_waits_for_no_digest(worker: Worker, data: Path) -> None:
    with (data / "huge.bin").open("wb") as file:
        file.truncate(200 * 10**9)
    worker.order(WAITS, notebook="nb/train.ipynb", data=bound(data, digest=DigestMethod.CONTENT))
    process = worker.start()
    worker.until_printed("a,b")
    process.terminate()
    assert worker.wait() == 0
    assert worker.control_plane.finished is not None
    assert worker.control_plane.finished["state"] == "cancelled"
    assert facts(worker)["no_digest"] == "the run was stopped"


def make_pipe(data: Path) -> None:
    shutil.rmtree(data)
    os.mkfifo(data)


@pytest.mark.parametrize(
    ("change", "says"), [(shutil.rmtree, "is not there"), (make_pipe, "is neither a file nor a folder")]
)
def test_data_that_is_not_there_is_the_runs_fault_before_a_kernel_starts(
    worker: Worker, data: Path, change: Callable[[Path], object], says: str
) -> None:
    worker.order("print(1)", data=bound(data))
    change(data)
    finished = worker.run()
    assert finished["state"] == "failed"
    assert finished["fault"]["message"].startswith("data root 'mine': ")
    assert says in finished["fault"]["message"]
    assert worker.control_plane.of(WorkerEventKind.CELL_STARTED) == []


def test_a_place_that_leaves_the_workspace_is_refused(worker: Worker, data: Path) -> None:
    """A control plane would not send it; the worker looks for itself."""
    worker.order("print(1)", data=bound(data, "../../../../../escaped/.."))
    assert "leaves the workspace" in worker.run()["fault"]["message"]


def test_a_way_of_binding_that_there_is_not_is_said(worker: Worker, data: Path) -> None:
    worker.order("print(1)", data=bound(data))
    assert (
        "expected one of auto, reflink, symlink, mount"
        in worker.run(GRISTMILL_DATA_BINDING="magic")["fault"]["message"]
    )
