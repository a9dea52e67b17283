"""Tables of text. Rich draws finer ones and takes longer to import than a command may take to start."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from gristmill.cli.quantities import one_line

GAP = "  "
_SHORTEST = 8  # characters that a shrunk column keeps


@dataclass(frozen=True)
class Cell:
    """Text, and the colour it has on a terminal."""

    text: str
    colour: str | None = None
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """`right` is for numbers; `shrinks` marks what may be cut where the terminal is narrow."""

    title: str = ""
    right: bool = False
    shrinks: bool = False


Row = Sequence[str | Cell]


def draw(columns: Sequence[Column], rows: Iterable[Row], *, width: int | None = None) -> Iterator[str]:
    """The table's lines, the head first where a column has a title; cut to `width` cells where that is possible."""
    import typer

    body = [[_cell(one) for one in row] for row in rows]
    titles = [Cell(column.title, bold=True) for column in columns]
    whole = [titles, *body] if any(column.title for column in columns) else body
    widths = [max((cell_len(row[index].text) for row in whole), default=0) for index in range(len(columns))]
    _shrink(widths, columns, width)
    for row in whole:
        pieces = []
        for column, cell, cells in zip(columns, row, widths, strict=True):
            text = _cut(cell.text, cells)
            gap = " " * (cells - cell_len(text))
            shown = typer.style(text, fg=cell.colour, bold=cell.bold) if text and (cell.colour or cell.bold) else text
            pieces.append(gap + shown if column.right else shown + gap)
        yield GAP.join(pieces).rstrip()


def _cell(one: str | Cell) -> Cell:
    cell = one if isinstance(one, Cell) else Cell(one)
    # What was typed elsewhere must neither break the table nor command the terminal.
    return Cell(one_line(cell.text), cell.colour, cell.bold)


def _shrink(widths: list[int], columns: Sequence[Column], width: int | None) -> None:
    """Takes from the widest column that may shrink, until all fit or none can."""
    if width is None:
        return
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    able = [index for index, column in enumerate(columns) if column.shrinks]
    while excess > 0 and (able := [index for index in able if widths[index] > _SHORTEST]):
        widest = max(able, key=widths.__getitem__)
        widths[widest] -= 1
        excess -= 1


def _cut(text: str, cells: int) -> str:
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"
