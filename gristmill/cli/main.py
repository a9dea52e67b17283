"""The command line: one file per noun, imported when it is asked for; what that needs is imported when it runs."""

import sys
from typing import Annotated

import typer

from gristmill import __version__
from gristmill.cli.commands import AllCommands
from gristmill.cli.errors import internal_fault
from gristmill.cli.terminal import tolerate

HELP = """From a notebook to a tracked run, a registered model, a live endpoint.

Any command starts this machine's control plane where it needs one; GRISTMILL_URL and GRISTMILL_TOKEN name another.
Exit status: 0 done; 1 the run failed, or what was checked is broken; 2 wrong usage; 3 to 9 refused; 70 a fault of
Gristmill's; 130 Ctrl-C. `docs/cli.md` has all of it."""

app = typer.Typer(
    cls=AllCommands,
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
