"""`gristmill runs diff`: what is different between two runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.cli.comparison import Row, Section
    from gristmill.runs.model import Run


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A run: number, id or name.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    equal: Annotated[bool, typer.Option("--all", help="Show what is equal too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: parameters, metrics, notebook and files, packages, kernel. What is equal is only counted."""
    from gristmill.cli.comparison import compare
    from gristmill.cli.output import say, styled, write_json
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        first, second = (client.send(api.get_run(key)) for key in (a, b))
        snapshots = [client.send(api.get_snapshot(one.run.snapshot)) for one in (first, second)]
        sections = compare(first, second, snapshots[0], snapshots[1], lambda digest: client.send(api.get_blob(digest)))
    if as_json:
        write_json({"a": first.run.id, "b": second.run.id, "sections": sections})
        return
    names = [_name(one.run, (first.run, second.run)) for one in (first, second)]
    say(" and ".join(styled(name, bold=True) for name in names))
    for section in sections:
        _print(section, *names, equal=equal)


def _name(run: "Run", both: "tuple[Run, Run]") -> str:
    """`train-3`; with its number where that is not in its name, or both have the same one."""
    told = run.name.endswith(f"-{run.number}") and both[0].name != both[1].name
    return run.name if told else f"{run.name} ({run.number})"


def _print(section: "Section", first: str, second: str, *, equal: bool) -> None:
    from gristmill.cli.output import heading, say, styled, table
    from gristmill.cli.tables import Cell, Column

    if not section.rows and not section.equal and not section.note:
        return
    heading(section.title)
    shown = [*section.rows, *(section.equal if equal else ())]
    columns = [Column(), Column(title=first, right=section.numbers, shrinks=True)]
    columns.append(Column(title=second, right=section.numbers, shrinks=True))
    columns.append(Column(right=section.numbers))
    if shown:
        table(columns, [(Cell(row.name, "bright_black"), *_cells(row), row.change) for row in shown], "  ")
    if section.note:
        say(styled(f"  {section.note}", "bright_black"))
    if section.equal and not equal:
        say(styled(f"  {len(section.equal)} equal", "bright_black"))


def _cells(row: "Row") -> tuple[str, str]:
    from gristmill.cli.quantities import value

    return tuple("none" if one is None else value(one) for one in (row.a, row.b))  # type: ignore[return-value]  # two
