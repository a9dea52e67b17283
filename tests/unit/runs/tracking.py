"""MLflow as a step of the control loop finds it."""

from typing import Self

from gristmill.core.errors import UnavailableError
from gristmill.tracking.model import TrackedStatus


class AwayTracking:
    """MLflow does not answer."""

    def of(self, project: str) -> Self:
        del project
        return self

    def ensure_experiment(self, name: str) -> str:
        raise UnavailableError("MLflow is away")

    def find_or_create_run(self, attempt_id: str, experiment_id: str, name: str, tags: dict[str, str]) -> str:
        raise UnavailableError("MLflow is away")

    create_run = find_or_create_run

    def end_run(self, run_id: str, status: TrackedStatus) -> None:
        raise UnavailableError("MLflow is away")
