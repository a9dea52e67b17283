"""What the engine tells of an execution while it goes on."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gristmill.worker.cells import Cell


class Listener(Protocol):
    """Whoever follows an execution; the engine works the same without one.

    All calls come from the thread that executes, in the order in which things happened, and must return at once.
    `index` is the cell's place in the executed notebook, which may hold one cell more than the source: the injected
    parameters. Only cells that are sent to the kernel are told of. Between `cell_started` and `cell_finished` of one
    cell everything is that cell's; every cell that started finishes, also when the kernel died.
    """

    def notebook_started(self, cells: Sequence[Cell]) -> None:
        """The kernel answers; these cells will be executed, top to bottom."""

    def cell_started(self, index: int) -> None: ...

    def stream(self, index: int, name: str, text: str) -> None:
        """A piece of `stdout` or `stderr`, uncut and as it came: no lines, escape sequences kept."""

    def display(self, index: int, data: Mapping[str, Any]) -> None:
        """A display, its update or a cell's result: MIME type → content."""

    def verb(self, index: int, payload: Any) -> None:
        """What a display of Gristmill's MIME type holds. It is the notebook's: unchecked."""

    def error(self, index: int, ename: str, evalue: str, traceback: Sequence[str]) -> None: ...

    def output_lost(self, index: int) -> None:
        """The cell has ended and its last messages never came."""

    def cell_finished(self, index: int, outputs: Sequence[Any], seconds: float, *, failed: bool) -> None:
        """The cell's outputs are as the executed notebook keeps them."""

    def tick(self) -> None:
        """Called about ten times a second while the kernel works, also when nothing comes from it."""
