"""A home whose disk is full, really: a small file system in memory."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.blobs import digest_of
from gristmill.core.errors import StorageFullError, UnavailableError
from gristmill.runs.model import Run, RunState
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SIZE = 48 * 2**20
GATE = """\
import pathlib, time
print("begun", flush=True)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("disk")
    options = f"size={SIZE},mode=0700"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def control_plane(disk: Path) -> Iterator[ControlPlane]:
    plane = ControlPlane(disk / "home")
    yield plane
    plane.stop()


class Filler:
    """One file that takes all the room there is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self) -> None:
        with self._path.open("ab", buffering=0) as file:
            for chunk in (2**20, 2**12, 1):
                self._write(file.fileno(), chunk)

    def _write(self, descriptor: int, chunk: int) -> None:
        try:
            while os.write(descriptor, b"x" * chunk):
                pass
        except OSError:
            return

    def empty(self) -> None:
        self._path.unlink(missing_ok=True)


@pytest.fixture
def filler(disk: Path) -> Iterator[Filler]:
    filler = Filler(disk / "filler")
    yield filler
    filler.empty()


@pytest.fixture(autouse=True)
def nothing_is_corrupted(control_plane: ControlPlane, client: Client, filler: Filler) -> Iterator[None]:
    """Whatever was lost, what is there is whole, and the next run succeeds."""
    yield
    filler.empty()
    with control_plane.client() as own:  # it may be another one now
        until(lambda: answers(own), what="the control plane has its database back")
        for database in ("gristmill.db", "mlflow/mlflow.db"):
            with closing(sqlite3.connect(control_plane.home / database)) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for path in (control_plane.home / "blobs" / "sha256").rglob("*"):
            if path.is_file():
                assert digest_of(path.read_bytes()) == f"sha256:{path.parent.name}{path.name}"
        assert own.send(api.verify_audit()).broken_at is None
        until(lambda: all(one.in_use == 0 for one in own.send(api.list_profiles())), what="reservations are freed")


def answers(client: Client) -> bool:
    try:
        client.send(api.put_blob(digest_of(b"probe"), b"probe"))
    except UnavailableError:
        return False
    return True


def paused(client: Client, write: WriteNotebook, gate: Path, *cells: str) -> Run:
    """A run that has begun its first cell and is held there until the gate is there."""
    run = client.run(write(GATE.format(gate=str(gate)), *cells))

    def has_begun() -> bool:
        attempt = client.send(api.get_run(run.id)).run.attempt
        return attempt is not None and attempt.progress.tail == "begun"

    until(has_begun, what="its first cell runs")
    return run


def test_a_run_that_finds_the_disk_full_fails_and_says_so_when_there_is_room_again(
    client: Client, notebook: WriteNotebook, filler: Filler, tmp_path: Path
) -> None:
    """Its notebook, its blobs, its log and the database have no room; the control plane answers all the while."""
    run = paused(client, notebook, tmp_path / "gate", "print('x' * 100_000)", "open('out', 'wb').write(b'x' * 10**6)")
    filler.fill()
    with pytest.raises(StorageFullError, match="no room") as refused:
        client.send(api.put_blob(digest_of(b"y" * 100_000), b"y" * 100_000))
    assert refused.value.status == 507
    (tmp_path / "gate").touch()
    until(lambda: refuses_to_write(client, notebook), what="the database has no room either")
    assert client.send(api.get_run(run.id)).run.name == run.name, "what is there is read"
    filler.empty()
    done = client.wait(run)
    assert done.state is RunState.FAILED
    assert done.fault is not None
    assert "No space left on device" in done.fault.message


def refuses_to_write(client: Client, notebook: WriteNotebook) -> bool:
    try:
        client.run(notebook("1", name="other.ipynb"))
    except UnavailableError as error:
        return error.status in {503, 507}
    return False


def test_a_run_waits_for_a_control_plane_that_has_no_room(
    client: Client, notebook: WriteNotebook, filler: Filler, tmp_path: Path
) -> None:
    """What it has to say lies on disk already, and is delivered when there is room."""
    run = paused(client, notebook, tmp_path / "gate", "print('after')")
    filler.fill()
    until(lambda: refuses_to_write(client, notebook), what="nothing can be stored")
    filler.empty()
    (tmp_path / "gate").touch()
    assert client.wait(run).state is RunState.SUCCEEDED
    assert b"after" in client.send(api.executed_notebook(run.id))


def test_a_control_plane_that_ends_on_a_full_disk_comes_back_after(
    control_plane: ControlPlane, client: Client, notebook: WriteNotebook, filler: Filler
) -> None:
    done = client.wait(client.run(notebook("print('kept')")))
    filler.fill()
    control_plane.kill()
    filler.empty()
    with control_plane.client() as again:
        assert b"kept" in again.send(api.executed_notebook(done.id))
        assert again.wait(again.run(notebook("print(3)"))).state is RunState.SUCCEEDED
