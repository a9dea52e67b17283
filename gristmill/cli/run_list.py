"""The table of runs."""

from collections.abc import Sequence

from gristmill.cli.output import remark, state, table
from gristmill.cli.quantities import ago, assignments, duration
from gristmill.cli.run_result import brief, figures, took_seconds
from gristmill.cli.tables import Cell, Column
from gristmill.core.errors import InvalidInputError
from gristmill.runs.model import Run, RunState

_METRICS = 2


def print_runs(runs: Sequence[Run], *, full: bool, narrowed: bool = False) -> None:
    """`full`: there may be more than were asked for; `narrowed`: others may be there that were not."""
    if not runs:
        remark("No run is like that." if narrowed else "No run yet. `gristmill run NOTEBOOK` makes the first.")
        return
    columns = (
        Column(title="#", right=True),
        Column(title="state"),
        Column(title="name", shrinks=True),
        Column(title="result", shrinks=True),
        Column(title="parameters", shrinks=True),
        Column(title="time", right=True),
        Column(title="made"),
    )
    table(columns, [_row(run) for run in runs])
    if full:
        remark(f"Older ones: gristmill runs list --before {runs[-1].number}")


def state_named(text: str) -> RunState:
    """Raises InvalidInputError for a word that is no state."""
    try:
        return RunState(text.lower())
    except ValueError:
        words = ", ".join(one.value for one in RunState)
        raise InvalidInputError(f"{text!r} is no state of a run: expected one of {words}") from None


def _row(run: Run) -> tuple[str | Cell, ...]:
    given = assignments({name: run.parameters[name] for name in run.given})
    seconds = took_seconds(run)
    took = duration(seconds) if seconds is not None else ""
    return (
        str(run.number),
        state(shown_state(run)),
        Cell(run.name, bold=True),
        result(run),
        given,
        took,
        ago(run.created_at),
    )


def shown_state(run: Run) -> str:
    """The word for how it is: of one that is not over also what holds it up, or ends it."""
    if run.cancel_requested and not run.state.final:
        return "cancelling"
    return "waiting" if waiting(run) else run.state.value


def waiting(run: Run) -> str | None:
    """Why it does not go on, where something holds it up."""
    return None if run.state.final else run.waiting or (run.attempt.waiting if run.attempt else None)


def result(run: Run) -> str:
    """What is to be said of it on one line: its figures, its fault, what it waits for, or where it is."""
    if run.state.final:
        failed = run.fault is not None and run.state is RunState.FAILED
        return brief(run.fault, run.attempt) if failed and run.fault else figures(run.metrics, _METRICS)
    if (why := waiting(run)) is not None:
        return why
    progress = run.attempt.progress if run.attempt else None
    if run.state is not RunState.RUNNING or progress is None or not progress.cells:
        return ""
    return f"cell {progress.cell} of {progress.cells}{f', {progress.message}' if progress.message else ''}"
