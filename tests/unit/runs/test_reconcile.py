"""One step of the control loop, where no worker can be started: MLflow is away, or refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Self

import pytest

from gristmill.core.database import Database
from gristmill.core.errors import InvalidInputError, UnavailableError
from gristmill.ledger import store as ledger
from gristmill.profiles.model import Catalogue
from gristmill.runs import store
from gristmill.runs.model import FaultKind, Run, RunState
from gristmill.runs.reconcile import RunsReconciler
from tests.unit.runs.tracking import AwayTracking

Create = Callable[..., Run]


class RefusingTracking(AwayTracking):
    """MLflow answers, and will have nothing of it."""

    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, name: str) -> str:
        raise InvalidInputError("MLflow: 'name' is refused")


class FaultyTracking(AwayTracking):
    """There is a fault in what asks MLflow."""

    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, name: str) -> str:
        raise KeyError(name)


def state_of(db: Database, run: Run) -> Run:
    with db.read() as tx:
        return store.get_run(tx, run.id)


def test_an_attempt_waits_for_mlflow_and_says_so(reconciler: RunsReconciler, create: Create, db: Database) -> None:
    run = create()
    assert reconciler.step()
    found = state_of(db, run)
    assert found.state is RunState.STARTING
    assert found.attempt is not None
    assert found.attempt.waiting == "MLflow is away"


class LostAnswer(AwayTracking):
    """The MLflow run is made, and nobody is told; asked again MLflow is there."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, name: str) -> str:
        return name

    def create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str:
        self.made.append(attempt_id)
        raise UnavailableError("the answer was lost")

    def find_or_create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str:
        assert self.made == [attempt_id]
        return "f" * 32


def test_an_attempt_whose_mlflow_run_may_have_been_made_is_looked_for(
    reconciler: RunsReconciler, create: Create, db: Database
) -> None:
    reconciler.launcher.tracking = LostAnswer()
    run = create()
    reconciler.step()
    reconciler.step()
    found = state_of(db, run).attempt
    assert found is not None
    assert found.tracking_run == "f" * 32
    reconciler.executor.kill(found.id)


def test_a_run_whose_profile_is_gone_fails_and_holds_up_nobody(
    reconciler: RunsReconciler, create: Create, db: Database, catalogue: Catalogue
) -> None:
    orphan, sound = create(profile="large"), create(profile="small")
    kept = tuple(profile for profile in catalogue.profiles if profile.name != "large")
    reconciler.admission.catalogue = replace(catalogue, profiles=kept)
    reconciler.step()
    found = state_of(db, orphan)
    assert found.state is RunState.FAILED
    assert found.fault is not None
    assert found.fault.kind is FaultKind.LAUNCH
    assert "large" in found.fault.message
    assert state_of(db, sound).state is RunState.STARTING


def test_who_waits_for_capacity_is_looked_at_without_a_write(
    reconciler: RunsReconciler, create: Create, db: Database
) -> None:
    """A commit wakes the loop: a waiting run that wrote at every turn would make it spin."""
    first, second, third = create(profile="large"), create(profile="small"), create(profile="small")
    reconciler.step()
    commits: list[None] = []
    db.on_commit = lambda: commits.append(None)
    for _ in range(3):
        assert reconciler.step()
    assert commits == []
    assert state_of(db, first).state is RunState.STARTING
    assert "waiting for 1 core" in (state_of(db, second).waiting or "")
    assert state_of(db, third).waiting == f"waiting behind {second.name}"


def test_a_run_that_is_cancelled_before_its_worker_frees_its_reservation(
    reconciler: RunsReconciler, create: Create, db: Database
) -> None:
    run = create()
    reconciler.step()
    with db.write() as tx:
        store.update_run(tx, run.id, cancel_requested=True)
    reconciler.step()
    reconciler.step()
    assert state_of(db, run).state is RunState.CANCELLED
    with db.read() as tx:
        assert ledger.unreleased(tx) == []


def test_a_run_that_mlflow_refuses_fails_and_frees_its_place_in_the_queue(
    reconciler: RunsReconciler, create: Create, db: Database
) -> None:
    run, behind = create(profile="large"), create(profile="large")
    reconciler.launcher.tracking = RefusingTracking()
    reconciler.step()
    found = state_of(db, run)
    assert found.state is RunState.FAILED
    assert found.fault is not None
    assert (found.fault.kind, found.fault.message) == (FaultKind.LAUNCH, "MLflow: 'name' is refused")
    reconciler.step()  # it is closed
    reconciler.launcher.tracking = AwayTracking()
    reconciler.step()
    assert state_of(db, behind).state is RunState.STARTING


def test_a_fault_that_comes_at_every_step_is_logged_once(
    reconciler: RunsReconciler, create: Create, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    run = create()
    reconciler.launcher.tracking = FaultyTracking()
    for _ in range(3):
        reconciler.step()
    assert state_of(db, run).state is RunState.STARTING
    assert len([record for record in caplog.records if record.exc_info]) == 1
