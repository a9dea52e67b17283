"""HTML of what panels show: escaped, readable without any style, and the same live and in an exported page."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gristmill.cli.quantities import exact
from gristmill.cli.states import look
from gristmill.core.clock import SystemClock
from gristmill.core.errors import GristmillError


@dataclass(frozen=True)
class Markup:
    """Text that is HTML already: everything else is escaped."""

    text: str


Cell = str | Markup


def escaped(value: Cell) -> str:
    return value.text if isinstance(value, Markup) else html.escape(str(value))


def state(name: str) -> Markup:
    """Icon and word: never colour alone."""
    icon = f'<span aria-hidden="true">{html.escape(look(name).icon)}</span>'
    return Markup(f'<span class="grw-State grw-mod-{html.escape(name)}">{icon} {html.escape(name)}</span>')


def table(rows: Iterable[Sequence[Cell]], head: Sequence[Cell] = (), *, label: str = "") -> str:
    """Without a head the first of each row is its heading."""
    named = f' aria-label="{html.escape(label)}"' if label else ""
    columns = "".join(f'<th scope="col">{escaped(one)}</th>' for one in head)
    lines = [f"<tr>{columns}</tr>"] if head else []
    for first, *others in rows:
        opening = "<td>" if head else '<th scope="row">'
        closing = "</td>" if head else "</th>"
        cells = "".join(f"<td>{escaped(one)}</td>" for one in others)
        lines.append(f"<tr>{opening}{escaped(first)}{closing}{cells}</tr>")
    return f'<table class="grw-Table"{named}>{"".join(lines)}</table>'


def problem(error: GristmillError, doing: str = "") -> str:
    """What was refused, why, and what to do."""
    faults = "".join(f"<li>{html.escape(fault.message)}</li>" for fault in error.faults)
    parts = [
        f"<strong>{html.escape(doing)} did not work.</strong> " if doing else "",
        html.escape(error.message),
        f" <span>{html.escape(error.hint)}</span>" if error.hint else "",
        f"<ul>{faults}</ul>" if len(error.faults) > 1 else "",
    ]
    return f'<div role="alert" class="grw-Problem">{"".join(parts)}</div>'


def status(text: str) -> str:
    return f'<div role="status" class="grw-Quiet">{html.escape(text)}</div>' if text else ""


def as_of() -> str:
    """What stands under what is shown without a kernel: it does not change any more."""
    return f"<p><small>As of {html.escape(exact(SystemClock().now()))}; run the cell to see how it is now.</small></p>"
