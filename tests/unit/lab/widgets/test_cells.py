"""Panels by the cell that made them."""

from types import SimpleNamespace
from typing import Any

from gristmill_lab.widgets.cells import Cells


class Shell:
    """As much of IPython's shell in a kernel as is asked."""

    def __init__(self) -> None:
        self.hooks: list[Any] = []
        self.parent: dict[str, Any] = {}
        self.events = SimpleNamespace(register=lambda _, hook: self.hooks.append(hook))
        self.kernel = SimpleNamespace(get_parent=lambda _: self.parent)

    def run(self, source: str, cell: str | None = None) -> None:
        self.parent = {"metadata": {"cellId": cell} if cell else {}, "content": {"code": source}}
        for hook in self.hooks:
            hook(SimpleNamespace(cell_id=cell, raw_cell=source))


class Panel:
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_cell_closes_what_it_made_before_and_keeps_what_it_makes_now() -> None:
    shell = Shell()
    cells = Cells(lambda: shell)
    shell.run("panel", "a")
    first, second, other = Panel(), Panel(), Panel()
    cells.keep(first)
    cells.keep(second)
    shell.run("panel", "b")
    cells.keep(other)
    assert (first.closed, second.closed, other.closed) == (0, 0, 0)
    shell.run("something else", "a")
    assert (first.closed, second.closed, other.closed) == (1, 1, 0)
    shell.run("panel", "a")
    assert first.closed == 1
    assert len(shell.hooks) == 1


def test_without_an_id_a_cell_is_known_by_its_source() -> None:
    shell = Shell()
    cells = Cells(lambda: shell)
    shell.run("panel()")
    panel, gone = Panel(), Panel()
    cells.keep(panel)
    cells.keep(gone)
    cells.forget(gone)
    shell.run("other()")
    assert panel.closed == 0
    shell.run("panel()")
    assert (panel.closed, gone.closed) == (1, 0)


def test_outside_of_a_kernel_nothing_is_closed_by_itself() -> None:
    panel = Panel()
    Cells(lambda: None).keep(panel)
    assert panel.closed == 0
