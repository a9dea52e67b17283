"""The table of runs that were made by hand."""

from collections.abc import Sequence

from gristmill.cli.output import remark, state, table
from gristmill.cli.quantities import ago, assignments, duration, number
from gristmill.cli.tables import Cell, Column
from gristmill.core.errors import InvalidInputError
from gristmill.interactive.model import InteractiveRun
from gristmill.tracking.model import TrackedStatus

_METRICS = 2
_STATES = {
    TrackedStatus.RUNNING: "running",
    TrackedStatus.SCHEDULED: "queued",
    TrackedStatus.FINISHED: "succeeded",
    TrackedStatus.FAILED: "failed",
    TrackedStatus.KILLED: "cancelled",
}


def list_interactive(limit: int, *, as_json: bool, others: Sequence[object]) -> None:
    """`others`: what only runs of snapshots can be asked by."""
    from gristmill.cli.output import write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    if any(one is not None for one in others):
        raise InvalidInputError(
            "--interactive goes with --limit and --json alone", hint="MLflow's pages search by more."
        )
    found = ask(api.list_interactive_runs(limit=limit))
    if as_json:
        write_json(found)
    else:
        print_interactive(found)


def print_interactive(runs: Sequence[InteractiveRun]) -> None:
    if not runs:
        remark("No run was made by hand yet: a kernel under Gristmill in which mlflow logs something makes one.")
        return
    titles = ("state", "name", "notebook", "result", "parameters")
    columns = [Column(title=title, shrinks=title != "state") for title in titles]
    table((*columns, Column(title="time", right=True), Column(title="made")), [_row(run) for run in runs])


def _row(run: InteractiveRun) -> tuple[str | Cell, ...]:
    result = ", ".join(f"{name} {number(value)}" for name, value in list(run.metrics.items())[:_METRICS])
    took = duration((run.ended_at - run.started_at).total_seconds()) if run.ended_at else ""
    made = f"{ago(run.started_at)} by {run.created_by}"
    seen = state(_STATES[run.status])
    return seen, Cell(run.name, bold=True), run.notebook, result, assignments(run.params), took, made
