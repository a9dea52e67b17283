"""A run's environment: a copy of what its name meant, down to the worker; and what an interpreter is known to have."""

import venv
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from gristmill.core.blobs import grants
from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError, NotFoundError
from gristmill.core.scopes import Actor
from gristmill.core.settings import Settings
from gristmill.environments.model import EnvironmentKind, Interpreter, RunEnvironment
from gristmill.profiles.model import Catalogue
from gristmill.runs import attempts
from gristmill.runs.executors.interpreters import Interpreters
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.intake import Intake
from gristmill.runs.model import Attempt, ClaimRequest, Run, RunRequest
from gristmill.snapshots.model import Snapshot
from tests.unit.conftest import TestClock

LOCK = "sha256:" + "1" * 64
LOCKED = RunEnvironment(
    name="own", kind=EnvironmentKind.REQUIREMENTS, source="requirements.txt", python="3.11", digest=LOCK, lock=LOCK
)


@pytest.fixture
def intake(db: Database, clock: TestClock, catalogue: Catalogue, tmp_path: Path) -> Intake:
    return Intake(
        db=db,
        clock=clock,
        catalogue=catalogue,
        settings=Settings(home=tmp_path),
        executor=LocalExecutor(tmp_path / "attempts"),
    )


def test_a_rerun_has_the_same_lock_whatever_the_name_means_by_then(
    intake: Intake, snapshot: Snapshot, person: Actor
) -> None:
    first = intake.create(person, RunRequest(snapshot=snapshot.id), LOCKED)
    again = intake.create_again(person, first.id)
    assert (again.environment, again.kernel) == (LOCKED, first.kernel)


def test_an_environment_and_a_kernel_together_are_refused(intake: Intake, snapshot: Snapshot, person: Actor) -> None:
    with pytest.raises(InvalidInputError, match="expected one"):
        intake.create(person, RunRequest(snapshot=snapshot.id, environment="own", kernel="python3"))
    with pytest.raises(NotFoundError, match="no environment 'own'"):
        intake.create(person, RunRequest(snapshot=snapshot.id, environment="own"))


def test_the_worker_is_told_of_it_and_may_read_its_lock(
    intake: Intake,
    snapshot: Snapshot,
    person: Actor,
    db: Database,
    begin: Callable[[Run], tuple[Attempt, Actor]],
    context: attempts.ClaimContext,
    clock: TestClock,
) -> None:
    run = intake.create(person, RunRequest(snapshot=snapshot.id), LOCKED)
    attempt, worker = begin(run)
    with db.write() as tx:
        order = attempts.claim(tx, worker, attempt.id, ClaimRequest(nonce="n"), context, clock)
        granted = set(tx.scalars(sa.select(grants.c.digest).where(grants.c.subject == attempt.id)))
    assert order.environment == LOCKED
    assert LOCK in granted


def test_an_interpreter_is_asked_again_only_when_its_packages_have_changed(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    asked = Interpreter(path=str(tmp_path / "venv"))
    interpreters = Interpreters(home=tmp_path)
    first = interpreters.inspect(asked)
    assert first is not None
    assert first.packages == ()
    assert {"json", "sys", "zlib"} <= set(first.modules)
    assert not first.opaque
    assert interpreters.inspect(asked) is first
    site = next((tmp_path / "venv" / "lib").glob("python*")) / "site-packages"
    (site / "added_since.py").touch()
    second = interpreters.inspect(asked)
    assert second is not None
    assert "added_since" in second.modules


def test_what_is_no_interpreter_is_a_fault_and_what_is_not_made_is_not_known(tmp_path: Path) -> None:
    interpreters = Interpreters(home=tmp_path)
    found = interpreters.inspect(Interpreter(path=str(tmp_path / "nowhere")))
    assert found is not None
    assert found.fault is not None
    assert interpreters.inspect(Interpreter(made=LOCK)) is None
    assert interpreters.prepared() == ()
