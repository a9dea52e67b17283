"""A project's own part of MLflow, which MLflow itself keeps apart from others': a workspace that is called as it is.

https://mlflow.org/docs/latest/self-hosting/workspaces
"""

import threading
from abc import ABC, abstractmethod

import httpx

from gristmill.core.errors import ConflictError
from gristmill.tracking.address import MlflowAddress
from gristmill.tracking.errors import away, check

HEADER = "X-MLFLOW-WORKSPACE"
DEFAULT = "default"  # MLflow's own name for the one that is always there, and ours for a laptop's project
_API = "/api/3.0/mlflow/workspaces"
_TIMEOUT = httpx.Timeout(30.0, connect=2.0)


class Workspaces(ABC):
    @abstractmethod
    def is_known(self, project: str) -> bool:
        """Whether `headers` answers at once, without asking MLflow."""

    @abstractmethod
    def headers(self, project: str) -> dict[str, str]:
        """What goes with a request on behalf of this project; its workspace is there afterwards.

        Raises:
            UnavailableError: MLflow does not answer.
        """


class NoWorkspaces(Workspaces):
    """All projects are one to MLflow: for a control plane with a single one."""

    def is_known(self, project: str) -> bool:
        del project
        return True

    def headers(self, project: str) -> dict[str, str]:
        del project
        return {}


class WorkspacePerProject(Workspaces):
    """Each is made when it is first needed."""

    def __init__(self, address: MlflowAddress) -> None:
        self._address = address
        self._there = {DEFAULT}
        self._turn = threading.Lock()

    def is_known(self, project: str) -> bool:
        return project in self._there

    def headers(self, project: str) -> dict[str, str]:
        if project not in self._there:
            with self._turn:
                self._make(project)
                self._there.add(project)
        return {HEADER: project}

    def _make(self, project: str) -> None:
        with self._address.client(_TIMEOUT) as client:
            try:
                check(client.post(_API, json={"name": project}))
            except ConflictError:
                pass  # it was made before this control plane began
            except httpx.HTTPError as error:
                raise away(error, self._address.reason()) from error
