"""What commands print: results on stdout, remarks and faults on stderr, JSON where it was asked for."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from gristmill.cli.states import look
from gristmill.cli.tables import Cell, Column, Row, draw
from gristmill.cli.terminal import takes_colour, width


def say(text: str = "", end: str = "\n") -> None:
    """A line of the result."""
    typer.echo(f"{text}{end}", nl=False, color=takes_colour(sys.stdout))


def remark(text: str) -> None:
    """A line beside the result, which a pipe does not get."""
    typer.echo(text, err=True, color=takes_colour(sys.stderr))


def write_json(value: Any) -> None:
    """The value as its wire type is encoded, indented; its names are the API's."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def table(columns: Sequence[Column], rows: Iterable[Row], indent: str = "") -> None:
    room = width()
    for line in draw(columns, rows, width=room and room - len(indent)):
        say(indent + line)


def pairs(rows: Iterable[tuple[str, str | Cell]], indent: str = "") -> None:
    """Names and values below each other; a row without a value is left out."""
    shown = [(name, cell) for name, cell in rows if (cell.text if isinstance(cell, Cell) else cell)]
    table((Column(), Column()), [(Cell(name, "bright_black"), cell) for name, cell in shown], indent)


def heading(text: str) -> None:
    say()
    say(typer.style(text, bold=True))


def state(name: str) -> Cell:
    """Icon and word in the state's colour."""
    seen = look(name)
    return Cell(f"{seen.icon} {name}", seen.colour)


def styled(text: str, colour: str | None = None, *, bold: bool = False) -> str:
    return typer.style(text, fg=colour, bold=bold)
