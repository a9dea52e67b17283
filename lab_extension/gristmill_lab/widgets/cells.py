"""Panels by the cell that made them: when it runs again, or something else does in its place, they are closed."""

from collections.abc import Callable
from typing import Any, Protocol


class Closed(Protocol):
    def close(self) -> None: ...


class Cells:
    """Listens to the kernel from the first panel on. Outside of a kernel nothing is closed by itself.

    A cell is known by the id that its front end gives it; where it gives none, by its source.
    """

    def __init__(self, shell: Callable[[], Any]) -> None:
        self._shell = shell
        self._listened: Any = None
        self._made: dict[str, list[Closed]] = {}

    def keep(self, panel: Closed) -> None:
        shell = self._shell()
        if getattr(shell, "kernel", None) is None:
            return
        if shell is not self._listened:
            shell.events.register("pre_run_cell", self._before)
            self._listened = shell
        self._made.setdefault(_running(shell), []).append(panel)

    def forget(self, panel: Closed) -> None:
        for key, panels in list(self._made.items()):
            panels[:] = [one for one in panels if one is not panel]
            if not panels:
                del self._made[key]

    def _before(self, info: Any) -> None:
        for panel in self._made.pop(_key(getattr(info, "cell_id", None), info.raw_cell), []):
            panel.close()


def _running(shell: Any) -> str:
    parent = shell.kernel.get_parent("shell") or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    return _key(cell, (parent.get("content") or {}).get("code"))


def _key(cell: str | None, source: str | None) -> str:
    return f"id {cell}" if cell else f"source {source or ''}"
