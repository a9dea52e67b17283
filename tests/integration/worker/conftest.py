"""A worker process with a real kernel, and the control plane that it talks to."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from gristmill.core.ids import new_id
from gristmill.runs.model import AttemptOrder
from gristmill.snapshots.model import SnapshotFile
from tests.integration.worker.control_plane_double import KERNEL_TOKEN, TOKEN, ControlPlaneDouble
from tests.integration.worker.notebooks import notebook
from tests.waiting import until


class Worker:
    """One attempt: what it is to execute, its process, what it left."""

    def __init__(self, control_plane: ControlPlaneDouble, home: Path) -> None:
        self.control_plane = control_plane
        self.attempt = new_id("attempt", datetime.now(UTC))
        self.folder = home / "attempts" / self.attempt
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address_file(self) -> Path:
        return self.folder.parent.parent / "address"

    def order(self, *cells: str | dict[str, Any], files: Mapping[str, bytes] | None = None, **changes: Any) -> None:
        """Gives the control plane the order for this attempt. `changes` are fields of `AttemptOrder`."""
        name = changes.pop("notebook", "train.ipynb")
        contents = {name: notebook(*cells), **(files or {})}
        control_plane = self.control_plane
        fields: dict[str, Any] = {
            "protocol": 1,
            "attempt": self.attempt,
            "run": "run_1",
            "run_number": 1,
            "number": 1,
            "notebook": name,
            "files": tuple(
                SnapshotFile(path=path, digest=control_plane.put(content), size=len(content))
                for path, content in contents.items()
            ),
            "import_roots": (".",),
            "parameters": {},
            "parameters_cell": None,
            "kernel": "python3",
            "timeout_s": None,
            "cpu": 1.0,
            "small_blobs": True,
            "tracking_uri": f"{control_plane.url}/mlflow",
            "tracking_run": "a" * 32,
            "tracking_experiment": "1",
            "kernel_token": KERNEL_TOKEN,
        }
        control_plane.order = AttemptOrder(**{**fields, **changes})

    def start(self, **environ: str) -> subprocess.Popen[bytes]:
        # With PYTEST_CURRENT_TEST in its environment ipykernel does not capture what native code prints.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        argv = [sys.executable, "-m", "gristmill.worker", "--url", self.control_plane.url]
        argv += ["--attempt", self.attempt, "--dir", str(self.folder), "--address-file", str(self.address_file)]
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        token_read, token_write = os.pipe()
        os.write(token_write, TOKEN.encode())
        os.close(token_write)
        with (self.folder / "lock").open("ab") as lock, (self.folder / "worker.log").open("ab") as log:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.process = subprocess.Popen(
                [*argv, "--token-fd", str(token_read), "--lock-fd", str(lock.fileno())],
                cwd=self.folder,
                env={**inherited, "GRISTMILL_ATTEMPT": self.attempt, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(token_read, lock.fileno()),
                start_new_session=True,
            )
        os.close(token_read)
        return self.process

    def wait(self, timeout: float = 60) -> int:
        assert self.process is not None
        return self.process.wait(timeout)

    def run(self, **environ: str) -> dict[str, Any]:
        """Starts the worker, waits for its end; what it said of the attempt's end."""
        self.start(**environ)
        assert self.wait() == 0, self.log
        finished = self.control_plane.finished
        assert finished is not None, self.log
        return finished

    @property
    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")

    def processes(self) -> list[psutil.Process]:
        """Everything that carries this attempt's mark."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("GRISTMILL_ATTEMPT") == self.attempt:
                    found.append(process)
        return found

    def until_printed(self, text: str) -> None:
        until(lambda: text in self.control_plane.log(), what=f"{text!r} in the log")


@pytest.fixture
def control_plane() -> Iterator[ControlPlaneDouble]:
    double = ControlPlaneDouble()
    double.start()
    yield double
    double.stop()


@pytest.fixture
def make_worker(control_plane: ControlPlaneDouble, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    made: list[Worker] = []

    def make() -> Worker:
        made.append(Worker(control_plane, tmp_path))
        return made[-1]

    yield make
    for worker in made:
        for process in worker.processes():
            process.kill()
        if worker.process is not None:
            worker.process.wait()


@pytest.fixture
def worker(make_worker: Callable[[], Worker]) -> Worker:
    return make_worker()
