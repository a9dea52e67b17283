"""The MLflow server behind the proxy: one of our own, or one that was there before."""

from abc import ABC, abstractmethod

from gristmill.tracking.address import MlflowAddress
from gristmill.tracking.model import TrackingState
from gristmill.tracking.workspaces import Workspaces


class MlflowServer(ABC):
    """What the control plane needs of an MLflow server. `ensure` is one step of its control loop: it never waits."""

    address: MlflowAddress
    workspaces: Workspaces

    @property
    def name(self) -> str | None:
        """What runs remember their server by: its URL; None for our own."""
        return self.address.name

    @property
    @abstractmethod
    def state(self) -> TrackingState:
        """What the last `ensure` saw."""

    @abstractmethod
    def ensure(self) -> TrackingState:
        """Does what is due so that it answers, and tells how it stands."""

    @abstractmethod
    def stop(self, grace: float = 10.0) -> None:
        """Ends what was started for it, if anything was."""
