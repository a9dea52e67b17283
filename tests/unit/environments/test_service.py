"""What may happen to environments, with a machine whose answers are known."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gristmill.core import blobs
from gristmill.core.blobs import BlobStore
from gristmill.core.database import Database, insert_new
from gristmill.core.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from gristmill.core.scopes import Actor
from gristmill.environments import service
from gristmill.environments.model import (
    EnvironmentCheck,
    EnvironmentKind,
    EnvironmentRequest,
    Inspected,
    Interpreter,
    Prepared,
)
from tests.unit.conftest import TestClock

LOCK = b"ipykernel==7.0 --hash=sha256:aa\ntiny==1.0 --hash=sha256:bb\n"
HAS = Inspected(
    interpreter="/venv/bin/python",
    python="3.11.7",
    digest="sha256:" + "1" * 64,
    packages=("ipykernel==7.0", "tiny==1.0"),
    modules=("tiny",),
    opaque=False,
)
VENV = EnvironmentRequest(name="venv", kind=EnvironmentKind.INTERPRETER, source="/venv")


class TestMachine:
    __test__ = False

    def __init__(self) -> None:
        self.answers: dict[Interpreter, Inspected | None] = {Interpreter(path="/venv"): HAS}
        self.made: tuple[Prepared, ...] = ()
        self.kept: frozenset[str] | None = None

    def prune(self, kept: frozenset[str]) -> tuple[Prepared, ...]:
        self.kept = kept
        return tuple(one for one in self.made if one.digest not in kept)


@pytest.fixture
def machine() -> TestMachine:
    return TestMachine()


@pytest.fixture
def environments(db: Database, clock: TestClock, machine: TestMachine, tmp_path: Path) -> service.Environments:
    asked = service.Machine(inspect=machine.answers.get, prepared=lambda: machine.made, prune=machine.prune)
    return service.Environments(
        db=db, blobs=BlobStore(str(tmp_path / "blobs"), max_bytes=2**20), clock=clock, machine=asked
    )


@pytest.fixture
def locked(environments: service.Environments, db: Database, clock: TestClock, person: Actor) -> EnvironmentRequest:
    """A request whose lock was sent."""
    digest = environments.blobs.put_bytes(LOCK)
    row = {"project_id": person.project_id, "digest": digest, "size": len(LOCK), "created_at": clock.now()}
    with db.write() as tx:
        insert_new(tx, blobs.blobs, row)
    return EnvironmentRequest(
        name="locked", kind=EnvironmentKind.REQUIREMENTS, source="requirements.txt", lock=digest, python="3.11"
    )


def test_of_a_lock_its_packages_are_known_before_it_is_made(
    environments: service.Environments, locked: EnvironmentRequest, person: Actor, machine: TestMachine
) -> None:
    made = environments.add(person, locked)
    assert made.packages == ("ipykernel==7.0", "tiny==1.0")
    assert environments.find(person, "locked").size is None
    machine.made = (Prepared(digest=made.digest, size=12, used_at=datetime(2026, 1, 1, tzinfo=UTC)),)
    assert [one.size for one in environments.list(person)] == [12]


def test_a_lock_that_was_not_sent_is_refused(environments: service.Environments, person: Actor) -> None:
    request = EnvironmentRequest(
        name="x", kind=EnvironmentKind.REQUIREMENTS, source="r", lock="sha256:" + "0" * 64, python="3.11"
    )
    with pytest.raises(ConflictError, match="was not sent"):
        environments.add(person, request)


def test_the_same_added_again_is_the_same_and_another_needs_to_be_told_so(
    environments: service.Environments, person: Actor, machine: TestMachine
) -> None:
    first = environments.add(person, VENV)
    assert environments.add(person, VENV) == first
    machine.answers[Interpreter(path="/venv")] = replace(HAS, digest="sha256:" + "2" * 64)
    with pytest.raises(ConflictError, match="already"):
        environments.add(person, VENV)
    assert environments.add(person, replace(VENV, replace=True)).digest == "sha256:" + "2" * 64


def test_an_interpreter_without_ipykernel_is_told_how_to_get_it(
    environments: service.Environments, person: Actor, machine: TestMachine
) -> None:
    machine.answers[Interpreter(path="/venv")] = replace(HAS, packages=("tiny==1.0",))
    with pytest.raises(InvalidInputError, match="has no ipykernel") as raised:
        environments.add(person, VENV)
    assert "/venv/bin/python -m pip install ipykernel" in (raised.value.hint or "")


def test_what_cannot_be_asked_is_told(environments: service.Environments, person: Actor, machine: TestMachine) -> None:
    machine.answers[Interpreter(path="/venv")] = Inspected(fault="there is no such program")
    with pytest.raises(InvalidInputError, match="no such program"):
        environments.add(person, VENV)
    machine.answers[Interpreter(path="/venv")] = None
    with pytest.raises(UnavailableError):
        environments.add(person, VENV)


def test_an_unknown_one_is_not_found_with_the_nearest(environments: service.Environments, person: Actor) -> None:
    environments.add(person, VENV)
    with pytest.raises(NotFoundError) as raised:
        environments.find(person, "vemv")
    assert "Did you mean 'venv'?" in (raised.value.hint or "")


def test_a_lock_that_is_not_made_yet_is_asked_for_distributions_only(
    environments: service.Environments, locked: EnvironmentRequest, person: Actor
) -> None:
    environments.add(person, locked)
    asked = EnvironmentCheck(environment="locked", modules=("other",), requirements=("tiny", "other"))
    found = environments.check(person, asked)
    assert (found.modules, found.requirements) == ((), ("other",))


def test_a_machine_that_cannot_tell_claims_nothing(environments: service.Environments, person: Actor) -> None:
    assert not environments.check(person, EnvironmentCheck(kernel="python3", modules=("x",))).known


def test_what_a_name_stands_for_is_kept_unless_all_is_to_go(
    environments: service.Environments, locked: EnvironmentRequest, person: Actor, machine: TestMachine
) -> None:
    made = environments.add(person, locked)
    machine.made = (Prepared(digest=made.digest, size=12, used_at=datetime(2026, 1, 1, tzinfo=UTC)),)
    assert environments.prune(person, everything=False) == ()
    assert machine.kept == frozenset({made.digest})
    assert environments.prune(person, everything=True) == machine.made


def test_a_deleted_one_has_no_name_any_more(
    environments: service.Environments, db: Database, person: Actor, clock: TestClock
) -> None:
    environments.add(person, VENV)
    with db.write() as tx:
        service.delete(tx, person, "venv", clock)
    assert environments.list(person) == []
