"""A project with one snapshot, and shortcuts to take a run through its life without any process."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.core import tokens
from gristmill.core.blobs import BlobStore
from gristmill.core.database import Database
from gristmill.core.lease import Leadership
from gristmill.core.scopes import WORKER_SCOPES, Actor, ActorKind
from gristmill.core.settings import Settings
from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.profiles.model import Catalogue, Profile, Resources
from gristmill.runs import service, store
from gristmill.runs.attempts import ClaimContext
from gristmill.runs.executors.local import LocalExecutor
from gristmill.runs.model import Attempt, Run, RunRequest, RunState
from gristmill.runs.reconcile import RunsReconciler
from gristmill.snapshots import service as snapshots
from gristmill.snapshots.model import Snapshot, SnapshotFile, SnapshotRequest
from tests.unit.conftest import TestClock
from tests.unit.runs.tracking import AwayTracking

GB = 2**30


@pytest.fixture
def catalogue() -> Catalogue:
    small = Profile(name="small", resources=Resources(cpu=1, memory=2 * GB), default=True)
    large = Profile(name="large", resources=Resources(cpu=2, memory=4 * GB))
    huge = Profile(name="huge", resources=Resources(cpu=64, memory=4 * GB))
    return Catalogue(profiles=(small, large, huge), capacity=Resources(cpu=2, memory=8 * GB), source="test")


@pytest.fixture
def snapshot(db: Database, person: Actor, clock: TestClock) -> Snapshot:
    schema = ParameterSchema(
        language="python",
        cell=0,
        parameters=(
            Parameter(name="depth", type=ParameterType.INT, default=4, minimum=1, maximum=10),
            Parameter(name="rate", type=ParameterType.FLOAT, default=0.1),
        ),
    )
    request = SnapshotRequest(
        notebook="work/train.ipynb", files=(SnapshotFile(path="work/train.ipynb", digest="sha256:" + "0" * 64, size=1),)
    )
    with db.write() as tx:
        return snapshots.create(tx, person, request, snapshots.NotebookFacts(schema=schema, kernel="python3"), clock)


@pytest.fixture
def create(
    db: Database, person: Actor, clock: TestClock, catalogue: Catalogue, snapshot: Snapshot
) -> Callable[..., Run]:
    """`create(parameters={…}, retries=1)`: a new queued run."""

    def create_run(max_queued: int = 100, **fields: object) -> Run:
        request = replace(RunRequest(snapshot=snapshot.id), **fields)  # type: ignore[arg-type]
        with db.write() as tx:
            return service.create(
                tx, person, request, snapshot, catalogue=catalogue, max_queued=max_queued, clock=clock
            )

    return create_run


@pytest.fixture
def context(catalogue: Catalogue) -> ClaimContext:
    return ClaimContext(url="http://127.0.0.1:1", catalogue=catalogue, settings=Settings())


@pytest.fixture
def begin(db: Database, clock: TestClock) -> Callable[[Run], tuple[Attempt, Actor]]:
    """An attempt of a queued run that can be claimed, and its worker."""

    def begin_attempt(run: Run) -> tuple[Attempt, Actor]:
        with db.write() as tx:
            run = store.get_run(tx, run.id)
            number = run.attempt.number + 1 if run.attempt else 1
            attempt = Attempt(
                id=f"attempt_{run.id.removeprefix('run_')}"[:-1] + str(number),
                project_id=run.project_id,
                run_id=run.id,
                number=number,
                state=RunState.STARTING,
                created_at=clock.now(),
            )
            store.insert_attempt(tx, attempt)
            store.update_attempt(tx, attempt.id, tracking_run="t" * 32, tracking_experiment="1")
            service.set_state(tx, run, RunState.STARTING, clock)
            token = tokens.issue(
                tx,
                project_id=run.project_id,
                kind=ActorKind.WORKER,
                name="worker",
                scopes=WORKER_SCOPES,
                now=clock.now(),
                subject=attempt.id,
            )
            return attempt, tokens.authenticate(tx, token, clock.now())

    return begin_attempt


@pytest.fixture
def executor(tmp_path: Path) -> LocalExecutor:
    return LocalExecutor(tmp_path / "attempts")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def reconciler(
    db: Database, clock: TestClock, catalogue: Catalogue, tmp_path: Path, executor: LocalExecutor, settings: Settings
) -> RunsReconciler:
    """One that leads, while MLflow is away."""
    leader = Leadership(db, clock, "me")
    leader.take_over()
    return RunsReconciler(
        db=db,
        leader=leader,
        executor=executor,
        blobs=BlobStore(str(tmp_path / "blobs"), max_bytes=1000),
        tracking=AwayTracking(),
        catalogue=catalogue,
        settings=settings,
        clock=clock,
        url="http://127.0.0.1:1",
    )
