"""`panel.model("churn")`: the versions of a registered model, and a button that deploys one."""

from concurrent.futures import Future
from typing import Any

import traitlets
from ipywidgets import HTML, Dropdown

from gristmill.cli.model_page import measured
from gristmill.cli.quantities import ago, metric
from gristmill.client import api
from gristmill.core.errors import NotFoundError
from gristmill.core.wire import Event
from gristmill.endpoints.model import Endpoint
from gristmill.models.model import ModelVersion
from gristmill_lab.widgets import markup
from gristmill_lab.widgets.asking import Asking
from gristmill_lab.widgets.deploying import Deploying
from gristmill_lab.widgets.panel import Panel


class ModelPanel(Panel):
    """Its traits are observable: `version` (a number as text) is two-way, `versions` is what is registered."""

    name = traitlets.Unicode()
    versions = traitlets.Tuple()  # of gristmill.models.model.ModelVersion, the newest first
    version = traitlets.Unicode("")

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._endpoints: tuple[Endpoint, ...] = ()
        self._known = False
        self._table = HTML()
        self._version = Dropdown(options=[("none yet", "")], description="version")
        self._version.add_class("grw-Input")
        self._deploying = Deploying(self)
        self._version.observe(lambda change: self.set_trait("version", change["new"] or ""), names="value")
        self.begin(self._table, self._version, self._deploying.row)

    def deploy(self, endpoint: str) -> "Future[Endpoint]":
        """Deploys the version that is chosen to this endpoint."""
        return self._deploying.deploy(endpoint)

    def concerns(self, event: Event) -> bool:
        return event.kind.startswith(("model.", "endpoint."))

    async def refresh(self, asking: Asking) -> None:
        try:
            found = (await asking.send(api.get_model(self.name))).versions
        except NotFoundError:
            found = ()
        self._endpoints = await asking.send(api.list_endpoints())
        self._known = True
        self.versions = tuple(sorted(found, key=lambda one: int(one.version), reverse=True))
        self._show()

    @traitlets.observe("version")
    def _chosen(self, _: Any) -> None:
        self._show()

    def _show(self) -> None:
        super()._show()
        numbers = [one.version for one in self.versions]
        wanted = [(f"{one.version} · {one.run_name or 'made elsewhere'}", one.version) for one in self.versions]
        if wanted and wanted != list(self._version.options):
            chosen = self.version if self.version in numbers else numbers[0]
            self._version.options = wanted
            self._version.value = chosen
        if self.version in numbers and self._version.value != self.version:
            self._version.value = self.version
        self._table.value = self._versions()
        self._deploying.offer(next((one for one in self.versions if one.version == self.version), None))

    def _versions(self) -> str:
        if not self.versions:
            none = f"There is no model {self.name} yet: register a run's model under this name."
            return markup.status(none) if self._known else ""
        names = sorted({name for one in self.versions for name in measured(one.metrics)})
        rows = [
            (one.version, *(_measure(one, name) for name in names), one.run_name or "", self._served(one), _made(one))
            for one in self.versions
        ]
        return markup.table(rows, ("version", *names, "from", "served by", "made"), label=f"Versions of {self.name}")

    def _served(self, version: ModelVersion) -> str:
        by = [
            endpoint.name
            for endpoint in self._endpoints
            if any((one.model, one.version) == (version.name, version.version) for one in endpoint.variants)
        ]
        return ", ".join(by)

    def title(self) -> str:
        return f"Model {markup.escaped(self.name)}"

    def summary(self) -> str:
        return f"gristmill.panel.model({self.name!r}): {len(self.versions)} versions"

    def milestone(self) -> object:
        return tuple((one.version, self._served(one)) for one in self.versions)

    def fallback(self) -> str:
        return f"<p><strong>{self.title()}</strong></p>{self._versions()}"


def _measure(version: ModelVersion, name: str) -> str:
    found = measured(version.metrics)
    return metric(found[name]) if name in found else ""


def _made(version: ModelVersion) -> str:
    return ago(version.created_at)
