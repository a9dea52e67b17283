"""`gristmill server`: this machine's control plane."""

from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gristmill.core.settings import Settings
    from gristmill.core.wire import ServerStatus

app = typer.Typer(help="The control plane of this machine.", no_args_is_help=True, rich_markup_mode=None)

All = Annotated[bool, typer.Option("--all", help="Cancel runs, stop endpoints and MLflow too.")]

_NAMED = 3  # endpoints that are told how to delete


@app.command()
def start(as_json: AsJson = False) -> None:
    """Start the control plane, unless it is there. Any other command that needs it does the same."""
    from gristmill.cli.output import write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    status = ask(api.status())
    if as_json:
        write_json(status)
    else:
        _print(status)


@app.command()
def stop(everything: All = False, as_json: AsJson = False) -> None:
    """Stop the control plane and wait until it is gone. Runs and endpoints go on, unless --all is given."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.stopping import stop_and_wait
    from gristmill.core.settings import read_settings

    status = stop_and_wait(read_settings(), everything=everything)
    if as_json:
        write_json({"stopped": status})
    elif status is None:
        say("No control plane is running.")
    else:
        say(f"The control plane has stopped (process {status.pid}).")
        _what_stays(status, everything=everything)


@app.command("status")
def show(as_json: AsJson = False) -> None:
    """Show how the control plane is; it is not started for that. Exit status 8 where none runs."""
    from gristmill.cli.output import write_json
    from gristmill.cli.session import connected_if_alive
    from gristmill.client import api
    from gristmill.core.settings import read_settings

    settings = read_settings()
    with connected_if_alive(settings) as client:
        if client is None:
            raise _not_running(settings)
        status = client.send(api.status())
    if as_json:
        write_json(status)
    else:
        _print(status)


def _not_running(settings: "Settings") -> Exception:
    from gristmill.core.errors import UnavailableError

    return UnavailableError(
        f"no control plane runs for {settings.home}", hint="`gristmill server start` starts it; so does any command."
    )


def _print(status: "ServerStatus") -> None:
    from gristmill.cli.output import pairs
    from gristmill.cli.quantities import ago, exact, size
    from gristmill.cli.tables import Cell

    tracking = Cell(status.tracking, "green" if status.tracking == "ready" else "yellow")
    if status.tracking_reason:
        tracking = Cell(f"{status.tracking}: {status.tracking_reason}", "yellow")
    elif status.tracking_server:
        tracking = Cell(f"{status.tracking} at {status.tracking_server}", tracking.colour)
    pairs(
        (
            ("control plane", Cell(status.url, bold=True)),
            ("version", status.version),
            ("process", f"{status.pid}, {size(status.resident)}"),
            ("started", f"{ago(status.started_at)} ({exact(status.started_at)})"),
            ("home", status.home),
            ("MLflow", tracking),
            ("runs", ", ".join(status.runs) or "none is going on"),
            ("kept kernels", ", ".join(status.kernels)),
            ("endpoints", ", ".join(status.endpoints) or "none"),
            ("isolation", "none: notebooks of all people run as one user" if status.unisolated else ""),
            ("leading", "" if status.leading else "no: another control plane leads"),
        )
    )


def _come_back(endpoints: "Sequence[str]") -> str:
    """An endpoint is there until it is deleted: what should be is kept, and started again."""
    what = "It comes" if len(endpoints) == 1 else "They come"
    commands = " or ".join(f"`gristmill endpoints delete {name}`" for name in endpoints[:_NAMED])
    return f"{what} back with the next control plane, which any command starts; for good: {commands}."


def _what_stays(status: "ServerStatus", *, everything: bool) -> None:
    """Said so that nobody wonders later what still uses the machine."""
    from gristmill.cli.output import say

    if everything:
        if status.runs:
            say(f"Cancelled: {', '.join(status.runs)}.")
        if status.kernels:
            say(f"Ended: kept kernels of {', '.join(status.kernels)}.")
        if status.endpoints:
            say(f"Stopped: {', '.join(status.endpoints)}. {_come_back(status.endpoints)}")
        return
    if status.runs:
        say(f"Still running: {', '.join(status.runs)}. A run outlives the control plane; the next one takes it over.")
        say("MLflow stays up for them.")
    if status.kernels:
        say(f"Still kept: kernels of {', '.join(status.kernels)}. `gristmill kernels` says until when.")
    if status.endpoints:
        say(f"Still serving: {', '.join(status.endpoints)}. An endpoint answers without the control plane.")
    if status.runs or status.kernels or status.endpoints:
        say("`gristmill server stop --all` ends them too.")
    if status.endpoints:
        say(_come_back(status.endpoints))
