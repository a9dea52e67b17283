"""`gristmill runs`: what was run, what runs, and what may be done with it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli import diff, events, logs, outputs
from gristmill.cli.confirming import Yes
from gristmill.cli.options import AsJson, RunKey
from gristmill.cli.run import Detach

if TYPE_CHECKING:
    from gristmill.client.call import Call
    from gristmill.runs.model import Run

app = typer.Typer(help="Runs: executions of notebooks.", no_args_is_help=True, rich_markup_mode=None)

app.command("logs")(logs.logs)
app.command("events")(events.events)
app.command("outputs")(outputs.outputs)
app.command("diff")(diff.diff)

RunKeys = Annotated[list[str], typer.Argument(metavar="RUN...", help="Numbers, ids or names of runs.")]


@app.command("list")
def show_all(
    state: Annotated[str | None, typer.Option("--state", help="Only runs in this state.")] = None,
    notebook: Annotated[str | None, typer.Option("--notebook", help="Only of this notebook's path.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Found in name, notebook or labels.")] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="NAME=VALUE", help="Only with this label.")] = None,
    query: Annotated[
        str | None,
        typer.Option("--query", "-q", metavar="QUERY", help="As 'metrics.auc > 0.9 and params.depth = 6'."),
    ] = None,
    sort: Annotated[str | None, typer.Option("--sort", metavar="FIELD", help="As metrics.auc: highest first.")] = None,
    ascending: Annotated[bool, typer.Option("--ascending", help="With --sort: lowest first.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="At most so many.")] = 25,
    before: Annotated[int | None, typer.Option("--before", help="Only runs with a lower number.")] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Those made by hand in notebooks; takes --limit only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first, or sorted by a field.

    A query compares metrics.NAME, params.NAME, labels.NAME, state, notebook, name, profile, commit, duration, created
    and others by = != < <= > >= like contains in, and puts comparisons together by and, or, not and parentheses.
    """
    from gristmill.cli.output import write_json
    from gristmill.cli.run_list import print_runs, state_named
    from gristmill.cli.session import ask
    from gristmill.client import api

    if interactive:
        from gristmill.cli.interactive import list_interactive

        list_interactive(limit, as_json=as_json, others=(state, notebook, text, label, query, sort, before))
        return
    wanted = state_named(state) if state else None
    found = ask(
        api.list_runs(
            state=wanted,
            notebook=notebook,
            text=text,
            label=label,
            query=query,
            sort=sort,
            ascending=ascending or None,
            before=before,
            limit=limit,
        )
    )
    if as_json:
        write_json(found)
    else:
        print_runs(found, full=len(found) == limit and sort is None, narrowed=bool(query or text or label or state))


@app.command()
def show(run: RunKey, as_json: AsJson = False) -> None:
    """Show a run: state, parameters, metrics, models, outputs, where it came from; of a failed one the error first."""
    from gristmill.cli.output import write_json
    from gristmill.cli.run_page import print_run
    from gristmill.cli.session import connected
    from gristmill.cli.utilisation import seen, used, with_utilisation
    from gristmill.client import api

    with connected() as client:
        detail = client.send(api.get_run(run))
        utilisation = seen(client, detail.run)
        if as_json:
            write_json(with_utilisation(detail, utilisation))
        else:
            print_run(detail, client.send(api.get_snapshot(detail.run.snapshot)), used(utilisation))


@app.command()
def cancel(runs: RunKeys, as_json: AsJson = False) -> None:
    """Cancel runs: the kernel is interrupted, then ended; what the notebook has so far is kept."""
    from gristmill.client import api

    _each(runs, api.cancel_run, "is cancelled", "is being cancelled", as_json=as_json)


@app.command()
def delete(runs: RunKeys, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete runs that are over, with their outputs. Models that were registered from them stay."""
    from gristmill.cli.confirming import confirm
    from gristmill.client import api

    confirm(f"Delete {', '.join(runs)} with outputs and logs?", yes=yes or as_json)
    _each(runs, api.delete_run, "is deleted", "is deleted once its kernel has ended", as_json=as_json)


@app.command("start-anyway")
def start_anyway(run: RunKey, as_json: AsJson = False) -> None:
    """Start a run that waits for capacity, although the machine is full by Gristmill's own count."""
    from gristmill.client import api

    _each([run], api.start_run_anyway, "starts", "starts", as_json=as_json)


@app.command()
def rerun(run: RunKey, detach: Detach = False, as_json: AsJson = False) -> None:
    """Make the same run once more: the same snapshot, parameters, profile and labels. It is shown as by `run`."""
    from gristmill.cli.run import stay
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        stay(client, client.send(api.rerun(run)), detach=detach, as_json=as_json)


def _each(keys: list[str], call: "Callable[[str], Call[Run]]", done: str, begun: str, *, as_json: bool) -> None:
    """Sends the call for each run and says what became of it; the first that is refused ends the command."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected

    answers = []
    try:
        with connected() as client:
            for key in keys:
                run = client.send(call(key))
                answers.append(run)
                if not as_json:
                    kept = run.attempt is not None and run.attempt.kept_kernel is not None
                    say(f"{run.name} {done if run.state.final and not kept else begun}")
    finally:
        if as_json:
            write_json(answers)
