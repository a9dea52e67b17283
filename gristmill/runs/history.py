"""How a run's metrics went, step by step: MLflow keeps that, and is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gristmill.core.database import Database
from gristmill.core.errors import ConflictError, NotFoundError
from gristmill.core.scopes import Actor
from gristmill.runs import service
from gristmill.runs.model import Metric, Run, RunHistory
from gristmill.tracking.model import MACHINE, OWN_SERVER, MetricHistory, mlflow_name
from gristmill.tracking.rest import TrackingClient

MOST_METRICS = 100  # in one answer
MOST_POINTS = 2000  # of one metric
_PARTS = ("", "_std", "_count")  # what a metric with repeats is in MLflow


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Asks MLflow outside of any transaction. `server` is the URL of an MLflow server that is not our own."""

    db: Database
    tracking: TrackingClient
    server: str | None = None

    def of_run(self, actor: Actor, key: str, names: tuple[str, ...], points: int) -> RunHistory:
        """These metrics of the run's last attempt, by default all that it has: as it reported them, then others.

        Raises:
            ConflictError: another MLflow server has them, which is not asked now.
            UnavailableError: MLflow is away.
        """
        with self.db.read() as tx:
            run = service.find(tx, actor, key)
        attempt = run.attempt
        if attempt is None or attempt.tracking_run is None:
            return RunHistory(run=run.id, attempt=attempt.id if attempt else None, metrics=())
        self._check_server(run, attempt.tracking_server)
        mlflow = self.tracking.of(run.project_id)
        wanted = names or _all(mlflow, run, attempt.tracking_run)
        found = tuple(_one(mlflow, attempt.tracking_run, name, points) for name in wanted[:MOST_METRICS])
        return RunHistory(run=run.id, attempt=attempt.id, metrics=found)

    def _check_server(self, run: Run, server: str | None) -> None:
        if server != self.server:
            raise ConflictError(
                f"run {run.name} is tracked by {server or OWN_SERVER}, which is not asked now",
                hint="Its metrics are there still: GRISTMILL_MLFLOW_URL says which MLflow server is asked.",
            )


def _one(mlflow: TrackingClient, tracked: str, name: str, points: int) -> MetricHistory:
    found = mlflow.metric_history(tracked, mlflow_name(name), points)
    return MetricHistory(name=name, steps=found.steps, values=found.values, times=found.times, sampled=found.sampled)


def _all(mlflow: TrackingClient, run: Run, tracked: str) -> tuple[str, ...]:
    try:
        logged = mlflow.get_run(tracked).metrics
    except NotFoundError:
        return ()  # somebody has deleted it over there
    return metric_names(run.metrics, logged)


def metric_names(reported: Mapping[str, Metric], logged: Iterable[str]) -> tuple[str, ...]:
    """Those that were reported, as they were; then what MLflow has beside, the machine's own left out."""
    known = {mlflow_name(name) + part for name in reported for part in _PARTS}
    others = (name for name in logged if name not in known and not name.startswith(MACHINE))
    return (*reported, *others)
