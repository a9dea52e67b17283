"""`gristmill environments`: named, locked sets of packages for runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.confirming import Yes
from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.environments.model import Environment

app = typer.Typer(help="Environments: packages for runs.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of an environment.")]


@app.command()
def add(
    name: Name,
    requirements: Annotated[
        Path | None, typer.Option("--requirements", "-r", metavar="FILE", help="requirements.txt, pyproject.toml, …")
    ] = None,
    python: Annotated[
        str | None, typer.Option("--python", metavar="PATH", help="A virtual or conda environment, or its Python.")
    ] = None,
    kernel: Annotated[str | None, typer.Option("--kernel", metavar="KERNEL", help="A kernelspec.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Also where there is one of this name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an environment, from one of the three.

    Requirements are resolved once, by uv; the first run makes a virtual environment of that, later ones reuse it. Of
    what is there already nothing is made or changed.
    """
    from gristmill.cli.output import remark, say, styled, write_json
    from gristmill.cli.session import connected
    from gristmill.client import environments

    if sum(one is not None for one in (requirements, python, kernel)) != 1:
        raise typer.BadParameter("expected one of --requirements, --python and --kernel")
    with connected() as client:
        made = environments.add(
            client, name, requirements=requirements, python=python, kernel=kernel, replace=replace, say=remark
        )
    if as_json:
        write_json(made)
        return
    say(f"{styled('✓', 'green')} environment {styled(name, bold=True)}: {_brief(made)}")
    say(f"  gristmill run NOTEBOOK --environment {name}")


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List the environments: where they are from, and what they take on the machine that runs them."""
    from gristmill.cli.output import remark, table, write_json
    from gristmill.cli.quantities import ago, short, size
    from gristmill.cli.session import ask
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api

    found = ask(api.list_environments())
    if as_json:
        write_json(found)
        return
    if not found:
        remark("There is no environment yet. `gristmill environments add NAME --requirements FILE` makes one.")
        return
    titles = ("name", "python", "packages", "digest", "size", "used", "from")
    columns = [Column(title=title, right=title in {"packages", "size"}, shrinks=title == "from") for title in titles]
    rows = [
        (
            Cell(one.name, bold=True),
            one.python,
            str(len(one.packages)),
            short(one.digest),
            size(one.size) if one.size is not None else "",
            ago(one.used_at) if one.used_at else "",
            f"{one.kind.value} {one.source}",
        )
        for one in found
    ]
    table(columns, rows)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show an environment and its packages."""
    from gristmill.cli.output import heading, pairs, say, write_json
    from gristmill.cli.quantities import ago, size
    from gristmill.cli.session import ask
    from gristmill.client import api

    found = ask(api.get_environment(name))
    if as_json:
        write_json(found)
        return
    made = f"{size(found.size)}, used {ago(found.used_at)}" if found.size is not None else ""
    not_yet = "by the first run that uses it" if found.lock and not made else ""
    facts = [("name", found.name), ("from", f"{found.kind.value} {found.source}"), ("python", found.python)]
    pairs([*facts, ("digest", found.digest), ("made", made or not_yet), ("added", ago(found.created_at))])
    heading("Packages")
    for one in found.packages:
        say(f"  {one}")


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Forget an environment. Runs that were made with it can be made again; what was there before stays."""
    from gristmill.cli.confirming import confirm
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    confirm(f"Forget the environment {name}?", yes=yes or as_json)
    gone = ask(api.delete_environment(name))
    if as_json:
        write_json(gone)
    else:
        say(f"environment {gone.name} is forgotten")


@app.command()
def prune(
    everything: Annotated[bool, typer.Option("--all", help="Those that have a name too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what runs have made of environments that have no name any more. It is made anew when it is used."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.quantities import size
    from gristmill.cli.session import ask
    from gristmill.client import api
    from gristmill.environments.model import PruneRequest

    removed = ask(api.prune_environments(PruneRequest(everything=everything)))
    if as_json:
        write_json(removed)
    else:
        say(f"{len(removed)} environments are removed, {size(sum(one.size for one in removed))}")


def _brief(one: "Environment") -> str:
    from gristmill.cli.quantities import short

    return f"Python {one.python}, {len(one.packages)} packages, {short(one.digest)}"
