"""`gristmill models`: registered models and their versions."""

from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.client.client import Client
    from gristmill.models.model import ModelVersion

app = typer.Typer(help="Registered models and their versions.", no_args_is_help=True, rich_markup_mode=None)

ModelName = Annotated[str, typer.Argument(metavar="NAME", help="Name of a registered model.")]


@app.command()
def register(
    name: ModelName,
    run: Annotated[str, typer.Option("--run", help="The run that logged the model: number, id or name.")],
    model: Annotated[str | None, typer.Option("--model", help="Which one, where the run logged several.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="A sentence for people.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a model that a run logged the next version of NAME."""
    from gristmill.cli.output import remark, say, styled, write_json
    from gristmill.cli.run_result import word
    from gristmill.cli.session import connected_with_tracking
    from gristmill.client import api
    from gristmill.models.model import RegisterRequest

    request = RegisterRequest(run=run, model=model, description=description)
    with connected_with_tracking() as client:
        version = client.send(api.register_model(name, request))
    if as_json:
        write_json(version)
        return
    say(f"{styled('✓', 'green')} {styled(f'{version.name}/{version.version}', bold=True)}  {_summary(version)}")
    if version.suggestion:
        remark(f"{styled('!', 'yellow')} {version.suggestion}")
    say(f"Next: gristmill deploy {word(f'{version.name}/{version.version}')} --endpoint {endpoint_for(version.name)}")


@app.command("list")
def show_all(as_json: AsJson = False) -> None:
    """List registered models with their newest versions."""
    from gristmill.cli.output import remark, table, write_json
    from gristmill.cli.quantities import ago
    from gristmill.cli.session import connected_with_tracking
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api

    with connected_with_tracking() as client:
        found = client.send(api.list_models())
    if as_json:
        write_json(found)
        return
    if not found:
        remark("No model is registered yet. `gristmill models register NAME --run RUN` makes the first version.")
        return
    columns = (Column(title="model"), Column(title="versions", right=True), Column(title="newest", right=True))
    rows = []
    for model in found:
        newest = _newest(model.versions)
        latest = (newest.version, ago(newest.created_at)) if newest else ("", "")
        rows.append((Cell(model.name, bold=True), str(len(model.versions)), *latest, model.description or ""))
    table((*columns, Column(title="made"), Column(shrinks=True)), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME[/VERSION]", help="A model; without a version its newest.")],
    as_json: AsJson = False,
) -> None:
    """Show a model version: metrics, signature, input example, which run made it."""
    from gristmill.cli.model_page import print_version
    from gristmill.cli.output import write_json
    from gristmill.cli.session import connected_with_tracking
    from gristmill.client import api
    from gristmill.core.errors import NotFoundError

    with connected_with_tracking() as client:
        model, _, number = name.partition("/")
        registered = client.send(api.get_model(model))
        newest = _newest(registered.versions)
        if not number and newest is None:
            raise NotFoundError(f"model {model!r} has no version", hint=f"gristmill models register {model} --run RUN")
        version = client.send(api.get_model_version(model, number or (newest.version if newest else "")))
        if as_json:
            write_json(version)
            return
        print_version(version, registered, _maker(client, version))


def _maker(client: "Client", version: "ModelVersion") -> str:
    """The run that made it, by the name that people know."""
    from gristmill.client import api
    from gristmill.core.errors import NotFoundError

    if version.run_id is None:
        return "no run of this control plane"
    try:
        run = client.send(api.get_run(version.run_id)).run
    except NotFoundError:
        return "a run that was deleted"
    return f"{run.name} (gristmill runs show {run.number})"


def endpoint_for(model: str) -> str:
    """A name that an endpoint of this model may have."""
    import re

    return re.sub(r"[^a-z0-9]+", "-", model.lower())[:63].strip("-") or "NAME"


def _newest(versions: "tuple[ModelVersion, ...]") -> "ModelVersion | None":
    return max(versions, key=lambda one: int(one.version), default=None)


def _summary(version: "ModelVersion") -> str:
    from gristmill.cli.model_page import measured
    from gristmill.cli.quantities import metric

    flavors = [name for name in version.flavors if name != "python_function"]
    figures = [f"{name} {metric(one)}" for name, one in list(measured(version.metrics).items())[:3]]
    return " · ".join([*flavors, *figures])
