"""What is checked of a request before anything of it is stored: above all its kernel."""

import sys
from pathlib import Path

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.profiles.model import Catalogue
from gristmill.runs import service
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.intake import Intake
from gristmill.runs.model import RunRequest
from gristmill.runs.search import RunFilter
from gristmill.snapshots.model import Snapshot
from tests.unit.conftest import TestClock

# Each question is noted, so that it can be counted.
PROGRAM = "import sys; open(sys.argv[1], 'a').write('asked\\n'); print(open(sys.argv[2]).read())"


class Machine:
    """A machine whose kernels are in a file; `questions` is how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self._asked, self._kernels = folder / "asked", folder / "kernels.json"
        self.has('["python3", "ir"]')
        command = (sys.executable, "-c", PROGRAM, str(self._asked), str(self._kernels))
        self.executor = LocalExecutor(folder / "attempts", kernels=command)

    def has(self, kernels: str) -> None:
        self._kernels.write_text(kernels)

    @property
    def questions(self) -> int:
        return len(self._asked.read_text().splitlines()) if self._asked.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def intake(db: Database, clock: TestClock, catalogue: Catalogue, machine: Machine, tmp_path: Path) -> Intake:
    settings = Settings(home=tmp_path)
    return Intake(db=db, clock=clock, catalogue=catalogue, settings=settings, executor=machine.executor)


def test_an_unknown_kernel_is_refused_with_the_nearest_name_and_nothing_is_stored(
    intake: Intake, snapshot: Snapshot, person: Actor, db: Database
) -> None:
    with pytest.raises(InvalidInputError, match=r"no kernel 'pyton3'.*it has python3, ir") as raised:
        intake.create(person, RunRequest(snapshot=snapshot.id, kernel="pyton3"))
    assert "Did you mean 'python3'?" in (raised.value.hint or "")
    assert [fault.where for fault in raised.value.faults] == ["kernel"]
    with db.read() as tx:
        assert service.list_runs(tx, person, RunFilter()) == []


def test_a_kernel_that_was_there_once_is_not_asked_for_again(
    intake: Intake, snapshot: Snapshot, person: Actor, machine: Machine
) -> None:
    first = intake.create(person, RunRequest(snapshot=snapshot.id))
    intake.create(person, RunRequest(snapshot=snapshot.id, kernel="IR"))
    assert intake.create_again(person, first.id).kernel == "python3"
    assert machine.questions == 1


def test_a_kernel_that_was_installed_meanwhile_is_found(
    intake: Intake, snapshot: Snapshot, person: Actor, machine: Machine
) -> None:
    request = RunRequest(snapshot=snapshot.id, kernel="julia")
    with pytest.raises(InvalidInputError):
        intake.create(person, request)
    machine.has('["python3", "julia"]')
    assert intake.create(person, request).kernel == "julia"


def test_where_kernels_cannot_be_told_the_worker_will(
    intake: Intake, snapshot: Snapshot, person: Actor, machine: Machine
) -> None:
    machine.has("nonsense")
    assert intake.create(person, RunRequest(snapshot=snapshot.id, kernel="whatever")).kernel == "whatever"
