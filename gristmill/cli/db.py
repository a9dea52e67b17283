"""`gristmill db`: the schema of the control plane's database."""

from typing import Annotated, Any

import typer

from gristmill.cli.options import AsJson
from gristmill.cli.server_side import ask_process

app = typer.Typer(help="The control plane's database.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show where the database is and which schema it has. Exit status 5 where it is not this version's."""
    from gristmill.cli.output import write_json

    found = ask_process("database", "status")
    if as_json:
        write_json(found)
    else:
        _print(found)
    if not found["is_current"]:
        raise typer.Exit(5)


@app.command()
def upgrade(
    force: Annotated[bool, typer.Option("--force", help="Also while a control plane seems to use it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this version's schema.

    SQLite is upgraded at every start of the control plane, after a copy of its file. On PostgreSQL this command does
    it: make a backup, stop the control planes first, and start the new ones afterwards. Runs and endpoints go on
    meanwhile. It is refused while a control plane leads.
    """
    from gristmill.cli.output import say, write_json

    found = ask_process("database", "upgrade", *(["--force"] if force else []))
    if as_json:
        write_json(found)
    elif found["was"] == found["current"]:
        say(f"{found['database']} has schema {found['current']} already.")
    else:
        say(f"{found['database']}: {found['was'] or 'no tables'} → schema {found['current']}.")


def _print(found: dict[str, Any]) -> None:
    from gristmill.cli.output import pairs
    from gristmill.cli.tables import Cell

    if found["is_current"]:
        says = Cell("up to date", "green")
    elif found["known"]:
        says = Cell("older than this version: gristmill db upgrade", "yellow")
    else:
        says = Cell("newer than this version: upgrade Gristmill", "red")
    pairs(
        (
            ("database", found["database"]),
            ("schema", found["current"] or "no tables yet"),
            ("this version's", found["head"]),
            ("so it is", says),
        )
    )
