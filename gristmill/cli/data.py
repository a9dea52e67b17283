"""`gristmill data`: the data of a project's runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.confirming import Yes
from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.data_roots.model import DataRoot, DigestMethod

app = typer.Typer(help="Data roots: data that runs find in its place.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a data root.")]
Everywhere = Annotated[bool, typer.Option("--everywhere", help="For the runs of every project folder.")]


Project = Annotated[
    Path | None, typer.Option("--project", help="Its folder, or one in it; default: this one.", file_okay=False)
]


@app.command()
def add(
    name: Name,
    source: Annotated[str, typer.Argument(metavar="PATH|URL", help="A folder or file, or for example s3://bucket/x.")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="RELATIVE", help="Its place in a run, from the project root.")
    ] = None,
    digest: Annotated[str, typer.Option("--digest", help="content, stat, or auto: by size.")] = "auto",
    everywhere: Everywhere = False,
    replace: Annotated[bool, typer.Option("--replace", help="Also where there is one of this name.")] = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Make data a data root: every run of this project finds it, to be read, at the same relative place.

    A relative path keeps its place, also outside the project; a URL comes to data/. Files that a run adds there are its
    own. Whether it can write into a file of the data depends on the file system: where files can only be linked it can,
    and a notice tells of it. docs/data.md says which is when.
    """
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected
    from gristmill.client.data_roots import binding, check_there, store

    root = _root(project)
    made = binding(name, source, at=at, digest=_digest(digest), root=root, base=Path.cwd())
    with connected() as client:
        if client.transport.credentials.local:
            check_there(made)
        stored = store(client, made, root, everywhere=everywhere, replace=replace)
    if as_json:
        write_json(stored)
    else:
        say(sentence(stored))


@app.command("list")
def show_all(
    everything: Annotated[bool, typer.Option("--all", help="Those of other project folders too.")] = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """List the data roots that a run of this project gets."""
    from gristmill.cli.output import table, write_json
    from gristmill.cli.session import ask
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api
    from gristmill.client.data_roots import FILE, declared

    root = _root(project)
    stored = ask(api.list_data_roots(folder=None if everything else str(root)))
    said = declared(root)
    if as_json:
        write_json([*stored, *said])
        return
    columns = [Column(title=title, shrinks=title == "data") for title in ("name", "at", "digest", "of", "data")]
    rows = [(Cell(one.name, bold=True), one.at, one.digest.value, FILE, one.source) for one in said]
    rows += [(Cell(one.name, bold=True), one.at, one.digest.value, _whose(one, root), one.source) for one in stored]
    table(columns, rows)


@app.command()
def show(name: Name, project: Project = None, as_json: AsJson = False) -> None:
    """Show a data root: what it is, and where runs find it."""
    from gristmill.cli.output import pairs, write_json
    from gristmill.cli.quantities import ago
    from gristmill.cli.session import ask
    from gristmill.client import api
    from gristmill.client.data_roots import FILE, declared

    root = _root(project)
    said = {one.name: one for one in declared(root)}
    found = said.get(name) or ask(api.get_data_root(name, folder=str(root)))
    if as_json:
        write_json(found)
        return
    made = "" if name in said else f"{ago(found.created_at)} by {found.created_by}"  # type: ignore[union-attr]  # stored
    of = FILE if name in said else _whose(found, root)  # type: ignore[arg-type]  # the same
    facts = [("name", found.name), ("data", found.source), ("at", found.at), ("digest", found.digest.value)]
    pairs([*facts, ("of", of), ("made", made)])


@app.command()
def delete(
    name: Name, yes: Yes = False, everywhere: Everywhere = False, project: Project = None, as_json: AsJson = False
) -> None:
    """Forget a data root. The data itself is not touched."""
    from gristmill.cli.confirming import confirm
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    folder = "" if everywhere else str(_root(project))
    confirm(f"Forget the data root {name}? The data itself stays.", yes=yes or as_json)
    gone = ask(api.delete_data_root(name, folder=folder))
    if as_json:
        write_json(gone)
    else:
        say(f"data root {gone.name} is forgotten; {gone.source} stays as it is")


def sentence(root: "DataRoot") -> str:
    """Whose runs find what, and where."""
    from gristmill.cli.output import styled

    whose = f"runs of {root.folder}" if root.folder else "all runs"
    return f"{styled('✓', 'green')} data root {styled(root.name, bold=True)}: {whose} find {root.source} at {root.at}"


def _root(project: Path | None) -> Path:
    from gristmill.client.pack.root import find_root
    from gristmill.core.errors import NotFoundError

    try:
        return find_root(project or Path.cwd()).path
    except FileNotFoundError:
        raise NotFoundError(f"there is no folder {project}") from None


def _whose(one: "DataRoot", root: Path) -> str:
    if not one.folder:
        return "every folder"
    return "this project" if one.folder == str(root) else one.folder


def _digest(text: str) -> "DigestMethod":
    from gristmill.data_roots.model import DigestMethod

    try:
        return DigestMethod(text)
    except ValueError:
        expected = ", ".join(DigestMethod)
        raise typer.BadParameter(f"{text!r} is not valid: expected one of {expected}", param_hint="--digest") from None
