"""The command line: one file per noun, which imports what it needs when it runs."""

import sys
from typing import Annotated

import typer

from gristmill import __version__
from gristmill.cli import audit, data, db, endpoints, environments, kernels, models, runs, secrets, server
from gristmill.cli.backup import backup, collect, restore
from gristmill.cli.deploy import deploy
from gristmill.cli.doctor import doctor
from gristmill.cli.errors import Commands, internal_fault
from gristmill.cli.init import init
from gristmill.cli.lab import lab
from gristmill.cli.open import open_page
from gristmill.cli.parameters import parameters
from gristmill.cli.post_mortem import RunCommand
from gristmill.cli.profiles import profiles
from gristmill.cli.run import run
from gristmill.cli.terminal import tolerate

HELP = """From a notebook to a tracked run, a registered model, a live endpoint.

Any command starts this machine's control plane where it needs one; GRISTMILL_URL and GRISTMILL_TOKEN name another.
Exit status: 0 done; 1 the run failed, or what was checked is broken; 2 wrong usage; 3 to 9 refused; 70 a fault of
Gristmill's; 130 Ctrl-C. `docs/cli.md` has all of it."""

app = typer.Typer(
    cls=Commands,
    name="gristmill",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,  # help by rich takes four times as long to appear
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gristmill {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version


app.command("lab")(lab)
app.command("run", cls=RunCommand)(run)
app.add_typer(runs.app, name="runs")
app.add_typer(kernels.app, name="kernels")
app.command("parameters")(parameters)
app.command("profiles")(profiles)
app.add_typer(data.app, name="data")
app.add_typer(environments.app, name="environments")
app.add_typer(models.app, name="models")
app.command("deploy")(deploy)
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(secrets.app, name="secrets")
app.command("open")(open_page)
app.add_typer(server.app, name="server")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")
app.command("backup")(backup)
app.command("restore")(restore)
app.command("gc")(collect)
app.command("doctor")(doctor)
app.command("init")(init)


def main() -> int:
    """Runs one command; the process's exit status."""
    tolerate()
    try:
        app()
    except Exception:  # noqa: BLE001  # the last handler there is: it tells all and ends the process
        return internal_fault()
    return 0


if __name__ == "__main__":
    sys.exit(main())
