"""`gristmill run`: a notebook as a tracked run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import CommandInfo

from gristmill.cli.errors import INTERRUPTED
from gristmill.cli.options import AsJson, ProfileName, assigned, seconds
from gristmill.cli.post_mortem import KeepsKernel, RunCommand
from gristmill.cli.secrets import Granted, GrantedAsVariable

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.runs.model import Run

Detach = Annotated[bool, typer.Option("--detach", help="Return as soon as the run is queued.")]


def run(
    notebook: Annotated[Path, typer.Argument(help="Path of an .ipynb file; it is never written to.")],
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="May be given again.")
    ] = None,
    secret: Granted = None,
    secret_env: GrantedAsVariable = None,
    profile: ProfileName = None,
    kernel: Annotated[str | None, typer.Option("-k", "--kernel", help="Kernelspec; default: the notebook's.")] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", metavar="NAME", help="Packages; `gristmill environments list`.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Default: the notebook's name and the number.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="May be given again.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", parser=seconds, metavar="TIME", help="For example 90s, 15m, 2h.")
    ] = None,
    retries: Annotated[int, typer.Option("--retries", min=0, help="More attempts, if one fails.")] = 0,
    priority: Annotated[int, typer.Option("--priority", help="Higher starts sooner, where runs wait.")] = 0,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="NAME[=PATH|URL]", help="A data root for this run. May be given again."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Make what is offered: data roots of data.")] = False,
    post_mortem: KeepsKernel = None,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Run a notebook as a tracked run.

    Shows how it goes; exit status 1 where it does not succeed. Values are checked before anything is sent, all faults
    at once. Ctrl-C asks whether to detach or to cancel.
    """
    from gristmill.cli import secrets
    from gristmill.cli.notebook import open_notebook
    from gristmill.cli.offering import checked, packed_with_data
    from gristmill.cli.session import connected

    if environment is not None and kernel is not None:
        raise typer.BadParameter("an environment has its own kernel: expected --environment or -k")
    opened = open_notebook(notebook)
    values = opened.values(assigned(parameter or [], "-p"))
    granted = secrets.grants(secret or [], secret_env or [])
    labels = assigned(label or [], "--label")
    with connected() as client:
        from gristmill.client import api
        from gristmill.runs.model import RunRequest

        secrets.check(client, granted, opened)
        packed, bound = packed_with_data(client, notebook, data or [], yes=yes, ask=not as_json)
        with packed:
            checked(client, packed, notebook, kernel=kernel, environment=environment, data=[one.at for one in bound])
            snapshot = client.send_snapshot(packed)
        request = RunRequest(
            snapshot=snapshot.id,
            parameters=values,
            profile=profile,
            kernel=kernel,
            secrets=granted,
            name=name,
            labels=labels,
            priority=priority,
            timeout_s=timeout,
            retries=retries,
            data=bound,
            environment=environment,
            post_mortem_s=post_mortem,
        )
        stay(client, client.send(api.create_run(request)), detach=detach, as_json=as_json)


command = CommandInfo(name="run", cls=RunCommand, callback=run)


def stay(client: "Client", created: "Run", *, detach: bool, as_json: bool) -> None:
    """Shows the new run to its end, and ends the command with its exit status; with `detach` tells of it only."""
    from gristmill.cli.output import say, styled, write_json
    from gristmill.cli.quantities import assignments

    if detach:
        (write_json if as_json else _print_queued)(created)
        return
    if not as_json:
        given = assignments({name: created.parameters[name] for name in created.given})
        facts = " · ".join(part for part in (created.notebook, created.profile, _with(created), given) if part)
        say(f"{styled(created.name, bold=True)}  {facts}")
    try:
        _follow(client, created, as_json=as_json)
    except KeyboardInterrupt:  # before the display could take it, or behind it
        from gristmill.cli.following import tell_detached

        tell_detached(created)
        raise typer.Exit(INTERRUPTED) from None


def _with(created: "Run") -> str:
    return f"environment {created.environment.name}" if created.environment else created.kernel


def _follow(client: "Client", created: "Run", *, as_json: bool) -> None:
    from gristmill.cli.following import follow
    from gristmill.cli.output import write_json
    from gristmill.cli.run_result import print_result

    followed = follow(client, created, quiet=as_json)
    if as_json:
        write_json(followed.run)
    elif not followed.detached:
        print_result(followed.run, followed.outputs, followed.notices)
    raise typer.Exit(followed.exit_code)


def _print_queued(created: "Run") -> None:
    from gristmill.cli.output import say, state, styled

    say(f"{state(created.state.value).text}  {styled(created.name, bold=True)}  {created.notebook}")
    say(f"  gristmill runs show {created.number} · gristmill runs logs -f {created.number}")
