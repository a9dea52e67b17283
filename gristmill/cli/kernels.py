"""`gristmill kernels`: kernels of failed runs that are kept for a look at what was."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.runs.model import Attempt, PostMortemKernel

app = typer.Typer(
    help="Kernels of failed runs that are kept for a look.", invoke_without_command=True, rich_markup_mode=None
)

KernelKey = Annotated[str, typer.Argument(metavar="RUN", help="Number, id or name of a run; or a kernel's id.")]


@app.callback()
def _group(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        show_all(as_json)


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List the kernels that are kept, what each holds, and how to connect. `gristmill kernels` alone does the same."""
    from gristmill.cli.output import write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    found = ask(api.list_kernels())
    if as_json:
        write_json(found)
    else:
        print_kernels(found)


@app.command()
def end(run: KernelKey, as_json: AsJson = False) -> None:
    """End a kept kernel: what it holds is free as soon as it is gone."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    ended = ask(api.end_kernel(run))
    if as_json:
        write_json(ended)
    else:
        say(f"the kernel of {ended.name} is being ended")


def print_kernels(found: Sequence["PostMortemKernel"]) -> None:
    from gristmill.cli.output import pairs, remark, say, table
    from gristmill.cli.quantities import ago, size
    from gristmill.cli.tables import Cell, Column

    if not found:
        remark("No kernel is kept. `gristmill run NOTEBOOK --post-mortem` keeps that of a run that fails in a cell.")
        return
    titles = ("run", "notebook", "profile", "holds", "memory", "kept", "ends")
    table(
        [Column(title=title, shrinks=title == "notebook", right=title == "memory") for title in titles],
        [
            (
                Cell(one.name, bold=True),
                one.notebook,
                one.profile,
                _held(one),
                size(one.memory) if one.memory is not None else "",
                ago(one.kept.since),
                _ends(one),
            )
            for one in found
        ],
    )
    say()
    pairs([(one.name, connect(one.kept.connection_file)) for one in found])


def connect(connection_file: str) -> str:
    """The command that connects to a kernel."""
    import shlex

    return f"jupyter console --existing {shlex.quote(connection_file)}"


def kept_rows(attempt: "Attempt | None", number: int) -> list[tuple[str, str]]:
    """What a run's end and page say of its kernel, if it is kept."""
    from gristmill.cli.quantities import exact

    kept = attempt.kept_kernel if attempt is not None else None
    if kept is None:
        return []
    until = f"kept until {exact(kept.until)}; gristmill kernels end {number}"
    return [("kernel", "is being ended" if kept.ending else until), ("", connect(kept.connection_file))]


def _held(one: "PostMortemKernel") -> str:
    from gristmill.cli.quantities import size

    resources = one.resources
    cores = f"{resources.cpu:g} {'core' if resources.cpu == 1 else 'cores'}"
    devices = f", {resources.accelerators} accelerators" if resources.accelerators else ""
    return f"{cores}, {size(resources.memory)}{devices}"


def _ends(one: "PostMortemKernel") -> str:
    from datetime import UTC, datetime

    from gristmill.cli.quantities import duration

    left = (one.kept.until - datetime.now(UTC)).total_seconds()
    return "now" if one.kept.ending or left <= 0 else f"in {duration(left)}"
