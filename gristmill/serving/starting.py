"""One try to serve a generation: its files, its address, its worker."""

import logging
import signal
from collections.abc import Callable

from gristmill.core.errors import UnavailableError
from gristmill.endpoints.model import DesiredState, Phase
from gristmill.serving.child import Child, start_child
from gristmill.serving.control_plane import ControlPlane
from gristmill.serving.download import download
from gristmill.serving.errors import LoadError
from gristmill.serving.folders import EndpointFolder, live_variant
from gristmill.serving.listener import Listeners
from gristmill.serving.report import Outcome

_PATIENCE_S = 10.0
_LOG = logging.getLogger("gristmill.serving")


class DiedError(LoadError):
    """The worker ended while it loaded the model, without a word."""


class Starter:
    def __init__(self, folder: EndpointFolder, control_plane: ControlPlane | None, listeners: Listeners) -> None:
        self._folder = folder
        self._control_plane = control_plane
        self._listeners = listeners

    async def start(self, state: DesiredState, on_phase: Callable[[Phase], None]) -> Child:
        """A worker that serves `state`; `on_phase` is told how far that is. Cancelled, it leaves no worker behind.

        Raises:
            UnavailableError: the files cannot be had now.
            LoadError: the model cannot be served here.
            DiedError: the worker died of it.
        """
        on_phase(Phase.DOWNLOADING)
        await self._bring_files(state)
        on_phase(Phase.LOADING)
        self._folder.write(self._folder.generation(state.generation), state)
        child = await start_child(self._folder.root, state, self._listeners.at((state.host, state.port)))
        _LOG.info("generation %d: worker %d starts", state.generation, child.pid)
        try:
            await self._ready(child, on_phase)
        except BaseException:
            child.send(signal.SIGKILL)
            await child.exited.wait()
            raise
        return child

    async def _bring_files(self, state: DesiredState) -> None:
        variant = live_variant(state)
        target = self._folder.model(variant)
        if self._control_plane:
            await download(self._control_plane, variant, target)
        elif not target.is_dir():
            raise UnavailableError(
                f"the files of {variant.model}/{variant.version} are not here, and no control plane is known",
                hint="Start the control plane once: it has them.",
            )

    async def _ready(self, child: Child, on_phase: Callable[[Phase], None]) -> None:
        report = await child.report(on_phase)
        if report is None:
            await child.stop(signal.SIGTERM, _PATIENCE_S)
            raise DiedError(
                f"while it loaded the model, worker {child.pid} {child.last_words()}",
                hint="If memory ran out, deploy on a larger profile.",
            )
        if report.outcome is Outcome.FAILED:
            await child.stop(signal.SIGTERM, _PATIENCE_S)
            raise LoadError(report.message or "the worker gave no reason", hint=report.hint)
