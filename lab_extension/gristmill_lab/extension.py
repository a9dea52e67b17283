"""What Jupyter Server loads: the handlers, and what they share."""

from jupyter_server.extension.application import ExtensionApp

from gristmill.client.client import Client
from gristmill_lab.control_plane import ControlPlane
from gristmill_lab.fan import Fan
from gristmill_lab.handlers import PREFIX, SETTING, Shared, routes
from gristmill_lab.kept import KeptKernels
from gristmill_lab.mlflow_handlers import mlflow_routes
from gristmill_lab.run_handlers import run_routes
from gristmill_lab.runs_of import RunsOf


class GristmillLab(ExtensionApp):
    """Nothing is started by loading it: the control plane is, when the browser half asks for it first."""

    name = "gristmill_lab"
    extension_url = f"/{PREFIX}"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        control_plane = ControlPlane(Client)
        self._shared = Shared(
            control_plane=control_plane,
            fan=Fan(control_plane),
            kept=KeptKernels(control_plane),
            runs_of=RunsOf(control_plane),
        )
        self.settings[SETTING] = self._shared

    def initialize_handlers(self) -> None:
        self.handlers.extend((*routes(), *run_routes(), *mlflow_routes()))

    async def stop_extension(self) -> None:
        await self._shared.fan.close()
        await self._shared.kept.close()
        await self._shared.control_plane.close()
