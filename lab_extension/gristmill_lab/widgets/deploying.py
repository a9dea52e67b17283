"""A version becomes an endpoint: its name, and a button that says to where."""

from concurrent.futures import Future
from typing import Any

from ipywidgets import HTML, HBox, Text

from gristmill.client import api
from gristmill.core.errors import ConflictError
from gristmill.endpoints.model import DeployRequest, Endpoint, check_name
from gristmill.models.model import ModelVersion
from gristmill_lab.widgets import markup


class Deploying:
    """A row of a panel, seen once there is a version to deploy."""

    def __init__(self, panel: Any) -> None:
        self._panel = panel
        self._version: ModelVersion | None = None
        self._name = Text(description="endpoint", continuous_update=False)
        self._name.add_class("grw-Input")
        self._button = panel.button("Deploy to dev", lambda: self.deploy(self._name.value))
        self._what = HTML()
        self.row = HBox([self._what, self._name, self._button])
        self.row.add_class("grw-Row")
        self.row.layout.display = "none"

    def offer(self, version: ModelVersion | None) -> None:
        if version == self._version:
            return
        self._version = version
        self.row.layout.display = "none" if version is None else ""
        if version is not None:
            self._what.value = f"<strong>{markup.escaped(f'{version.name}/{version.version}')}</strong>"
            self._name.value = self._name.value or version.name

    def deploy(self, name: str) -> "Future[Endpoint]":
        """The endpoint, as it was told to become; whether it does is seen in its own panel."""
        version = self._version
        if version is None:
            raise ConflictError("there is no registered version to deploy yet", hint="Register the run's model first.")
        request = DeployRequest(model=version.name, version=version.version)
        call = api.deploy(check_name(name), request)
        return self._panel.act("Deploy", lambda asking: asking.send(call), self._deployed)  # type: ignore[no-any-return]

    def _deployed(self, endpoint: Endpoint) -> None:
        self._what.value = (
            f"<strong>{markup.escaped(f'{endpoint.name} is told to serve it')}</strong>: "
            f"<code>gristmill.panel.endpoint({markup.escaped(repr(endpoint.name))})</code>"
        )
