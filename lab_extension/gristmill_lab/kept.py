"""Kernels of failed runs among the kernels of this server, although it did not start them.

Jupyter Server's own `allow_external_kernels` has to be set before the server starts, gives such a kernel another id at
each start, and cannot interrupt it. So a kept kernel is put among the others here: however the server was started.
"""

import asyncio
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.kernelmanager import MappingKernelManager, ServerKernelManager

from gristmill.client import api
from gristmill.core.errors import GristmillError, NotFoundError
from gristmill.runs.model import PostMortemKernel
from gristmill_lab.control_plane import ControlPlane

LOOK = 3.0  # seconds between two looks whether an attached kernel is kept still
_SPACE = uuid.UUID("6d0b6bb0-4b5a-4b46-9a4a-6f8f0f1f6f55")


@dataclass(frozen=True, kw_only=True)
class AttachedKernel:
    """`id` and `name` are Jupyter's; the kernel is kept until `kept.kept.until`."""

    id: str
    name: str
    kept: PostMortemKernel


class KeptKernel(ServerKernelManager):
    """Belongs to its worker: shut down here it is only let go; it cannot be restarted, a message interrupts it."""

    async def interrupt_kernel(self) -> None:  # type: ignore[override]  # as the server's own, which awaits it
        self._connect_control_socket()  # as upstream does it; a stream that is closed at once would drop the message
        self.session.send(self._control_socket, "interrupt_request", content={})

    def resolve_path(self, path: str) -> str | None:
        """Not known here: upstream asks the provisioner, which only the worker has."""
        del path
        return None

    async def restart_kernel(self, *_: Any, **__: Any) -> None:  # type: ignore[override]  # the same
        raise RuntimeError("the kernel of a failed run cannot be restarted: run the notebook again instead")


class KeptKernels:
    """Those that are attached to. One that has ended is taken away within seconds."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._attached: dict[str, MappingKernelManager] = {}
        self._task: asyncio.Task[None] | None = None

    async def attach(self, kernels: MappingKernelManager, run: str) -> AttachedKernel:
        """The run's kernel among `kernels`: asked again, the same one.

        Raises:
            NotFoundError: no kernel of the run is kept, or it is on another machine.
        """
        listed = await self._control_plane.send(api.list_kernels())
        kept = next((one for one in listed if run in {one.run, one.name, str(one.number)}), None)
        if kept is None or kept.kept.ending:
            raise NotFoundError(
                f"no kernel of run {run} is kept",
                hint="Its time may be over. Run it again, with its kernel kept after a failure.",
            )
        identifier = str(uuid.uuid5(_SPACE, kept.id))
        if identifier not in kernels:
            info = await asyncio.to_thread(_read, kept)
            await _add(kernels, identifier, info)
        self._attached[identifier] = kernels
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="gristmill kept kernels")
        return AttachedKernel(id=identifier, name=str(kernels.get_kernel(identifier).kernel_name), kept=kept)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while self._attached:
            await asyncio.sleep(LOOK)
            try:
                listed = await self._control_plane.send(api.list_kernels())
            except GristmillError:
                continue  # away: the kernel lives on without it
            alive = {str(uuid.uuid5(_SPACE, one.id)) for one in listed}
            for identifier in set(self._attached) - alive:
                _remove(self._attached.pop(identifier), identifier)


def _read(kept: PostMortemKernel) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads(Path(kept.kept.connection_file).read_bytes())
    except (OSError, ValueError) as error:
        raise NotFoundError(
            f"the kernel of {kept.name} cannot be reached from here: {error}",
            hint="It is on the machine that the run was on; open JupyterLab there.",
        ) from error
    return info


async def _add(kernels: MappingKernelManager, identifier: str, info: dict[str, Any]) -> None:
    name = str(info.get("kernel_name") or kernels.default_kernel_name)
    # With the context of the others: one of its own would be nobody's to close.
    context = kernels.context
    manager = KeptKernel(parent=kernels, log=kernels.log, context=context, owns_kernel=False, kernel_name=name)
    manager.load_connection_info(info)  # type: ignore[arg-type]  # what a connection file holds
    manager.kernel_id = identifier
    manager.execution_state = "idle"
    manager.ready.set_result(None)
    # Jupyter Server has no other way in; what follows is what it does with kernels of its own.
    kernels._kernels[identifier] = manager  # noqa: SLF001
    kernels._kernel_connections[identifier] = 0  # noqa: SLF001
    await kernels._finish_kernel_start(identifier)  # type: ignore[no-untyped-call]  # noqa: SLF001


def _remove(kernels: MappingKernelManager, identifier: str) -> None:
    if identifier in kernels:
        kernels.stop_buffering(identifier)  # type: ignore[no-untyped-call]
        kernels.stop_watching_activity(identifier)  # type: ignore[no-untyped-call]
        kernels.remove_kernel(identifier)
