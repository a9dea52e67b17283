"""Starting the worker of an attempt that was admitted."""

from dataclasses import dataclass
from typing import Protocol, Self

from gristmill.core import tokens
from gristmill.core.clock import Clock
from gristmill.core.lease import Leadership
from gristmill.core.scopes import WORKER_SCOPES, ActorKind
from gristmill.profiles.model import Catalogue, ProfileUse
from gristmill.profiles.service import resolve
from gristmill.runs import store
from gristmill.runs.executors.base import Executor, Launch
from gristmill.runs.model import Attempt, Run
from gristmill.tracking.model import TrackedStatus, experiment_name


class Tracking(Protocol):
    """What a run needs of MLflow before its worker starts and after it is gone."""

    def of(self, project: str) -> Self: ...

    def ensure_experiment(self, name: str) -> str: ...

    def create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str: ...

    def find_or_create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str: ...

    def end_run(self, run_id: str, status: TrackedStatus) -> None: ...


@dataclass
class Launcher:
    """`url` is the control plane's own, as workers reach it."""

    leader: Leadership
    executor: Executor
    tracking: Tracking
    catalogue: Catalogue
    clock: Clock
    url: str
    tracking_server: str | None = None

    def launch(self, run: Run, attempt: Attempt, *, new: bool = False) -> None:
        """MLflow's run first, then the worker; each is found again if it was made before. Of a `new` one none was."""
        tracked = self._tracked(run, attempt, new=new) if attempt.tracking_run is None else {}
        token = self._token(run, attempt, tracked)
        profile = resolve(self.catalogue, run.profile, ProfileUse.RUN)
        uses_cache = run.environment is not None or bool(run.data)
        order = Launch(attempt=attempt.id, url=self.url, token=token, profile=profile, uses_cache=uses_cache)
        self.executor.launch(order)

    def _tracked(self, run: Run, attempt: Attempt, *, new: bool) -> dict[str, str | None]:
        """What the attempt's row has of its MLflow run."""
        mlflow = self.tracking.of(run.project_id)
        experiment = mlflow.ensure_experiment(experiment_name(run.project_id, run.notebook))
        tags = {
            "gristmill.run": run.id,
            "gristmill.notebook": run.notebook,
            "mlflow.source.name": run.notebook,
            "mlflow.source.type": "NOTEBOOK",
            "mlflow.user": run.created_by,
        }
        make = mlflow.create_run if new else mlflow.find_or_create_run
        found = make(attempt.id, experiment, run.name, tags)
        return {
            "tracking_run": found,
            "tracking_experiment": experiment,
            "tracking_server": self.tracking_server,
        }

    def _token(self, run: Run, attempt: Attempt, tracked: dict[str, str | None]) -> str:
        """The worker's; the launch counts from here on, whether it comes about or not."""
        with self.leader.write() as tx:
            launches = store.attempts.c.launches + 1
            changes = {**tracked, "launches": launches, "launched_at": self.clock.now(), "waiting": None}
            store.update_attempt(tx, attempt.id, **changes)
            return tokens.issue(
                tx,
                project_id=run.project_id,
                kind=ActorKind.WORKER,
                name=f"worker of {run.name}",
                scopes=WORKER_SCOPES,
                now=self.clock.now(),
                subject=attempt.id,
            )
