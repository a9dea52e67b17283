"""How a run ended: what is printed when it does, and at the head of `runs show`."""

import textwrap
from collections.abc import Sequence
from pathlib import PurePosixPath

from gristmill.cli.kernels import kept_rows
from gristmill.cli.output import heading, pairs, remark, say, state, styled
from gristmill.cli.quantities import duration, metric, size
from gristmill.cli.tables import Cell
from gristmill.runs.model import Attempt, FaultKind, LoggedModel, Metric, Output, Run, RunFault, RunState

_AROUND = 3  # lines of the cell before and behind the one that failed
_TRACE = 12  # lines of a traceback that matter most: its last ones
_OUTPUTS = 6
_SAYS_NOTHING = "model"  # as MLflow's own examples call every model
_BRIEF = 100  # characters of a fault where it is one line among others


def print_result(run: Run, outputs: Sequence[Output], notices: Sequence[str] = ()) -> None:
    """What `run` ends with: state, metrics, models, outputs, where to look, what to do next."""
    say(headline(run))
    if run.fault is not None and run.state is not RunState.SUCCEEDED:
        print_fault(run.fault, run.attempt)
    pairs([(name, metric(one)) for name, one in run.metrics.items()], "  ")
    for notice in notices:
        remark(f"{styled('!', 'yellow')} {notice}")
    rows = [("model", _model(one)) for one in run.models]
    rows += [("output", _output(one)) for one in outputs[:_OUTPUTS]]
    if len(outputs) > _OUTPUTS:
        rows.append(("", f"and {len(outputs) - _OUTPUTS} more: gristmill runs outputs {run.number}"))
    if not (run.fault and run.state is not RunState.SUCCEEDED):
        say()
    rows += kept_rows(run.attempt, run.number)
    pairs([*rows, ("look", _look(run)), ("next", _next(run))], "  ")


def headline(run: Run) -> str:
    """`✓ train-41 succeeded in 18 s`; of one that failed also where and why."""
    seen = state(run.state.value)
    took = f" {_preposition(run.state)} {duration(seconds)}" if (seconds := took_seconds(run)) is not None else ""
    why = f": {title(run.fault, run.attempt)}" if run.fault and run.state is RunState.FAILED else ""
    icon, word = seen.text.split(" ", 1)
    return f"{styled(icon, seen.colour)} {styled(run.name, bold=True)} {styled(word, seen.colour)}{took}{why}"


def took_seconds(run: Run) -> float | None:
    if run.started_at is None or run.ended_at is None:
        return None
    return (run.ended_at - run.started_at).total_seconds()


def brief(fault: RunFault, attempt: Attempt | None) -> str:
    """`cell 7 of 20: KeyError: 'x'`, on one line; the whole message stands below, and on the run's page."""
    message = textwrap.shorten(fault.message, _BRIEF, placeholder=" …")
    where = _where(fault, attempt)
    return f"{where}: {message}" if where else message


def title(fault: RunFault, attempt: Attempt | None) -> str:
    """As `brief`, but of a message too long for one line only its name: the whole of it is printed below."""
    if textwrap.shorten(fault.message, _BRIEF, placeholder="") == fault.message:
        return brief(fault, attempt)
    where, (name, colon, _) = _where(fault, attempt), fault.message.partition(":")
    named = name if colon and name.isidentifier() else textwrap.shorten(fault.message, _BRIEF // 2, placeholder=" …")
    return f"{where}: {named}" if where else named


def print_fault(fault: RunFault, attempt: Attempt | None, *, whole: bool = False) -> None:
    """The cell around the line that failed, and the error; the traceback where the cell's line does not say it all."""
    place = _where(fault, attempt)
    if place:
        line = f", line {fault.line}" if fault.line else ""
        heading(f"{place[0].upper()}{place[1:]}{line}")
    if fault.source:
        for text in excerpt(fault.source, fault.line, whole=whole):
            say(f"  {text}")
    say()
    told = not place and title(fault, attempt) == fault.message  # the headline has all of it
    message = [line for line in fault.message.splitlines() if line.strip()]
    if fault.traceback and (whole or fault.line is None or fault.kind is not FaultKind.CELL_ERROR):
        trace = without_message(fault.traceback, message)
        for text in trace if whole else trace[-_TRACE:]:
            say(f"  {styled(text, 'bright_black')}".rstrip())
    for text in () if told else message:
        say(f"  {styled(text, 'red')}")
    if fault.hint:
        say(f"  {styled('hint:', bold=True)} {fault.hint}")
    say()


def without_message(traceback: Sequence[str], message: Sequence[str]) -> Sequence[str]:
    """The traceback without the message that it ends with: that is printed below it, once."""
    starts = [place for place, line in enumerate(traceback) if message and line.strip() == message[0].strip()]
    if not starts:
        return traceback
    rest = [line.strip() for line in traceback[starts[-1] :] if line.strip()]
    told = [line.strip() for line in message]
    # Of a long message the run keeps the beginning.
    same = len(rest) >= len(told) and all(line.startswith(part) for line, part in zip(rest, told, strict=False))
    return traceback[: starts[-1]] if same else traceback


def excerpt(source: str, line: int | None, *, whole: bool = False) -> list[str]:
    """The cell's lines with their numbers, those around `line`, which is marked; its beginning where none failed."""
    lines = source.splitlines()
    middle = line or 1
    first = 1 if whole else max(1, middle - _AROUND)
    last = len(lines) if whole else min(len(lines), middle + _AROUND)
    digits = len(str(last))
    shown = [
        f"{'→' if number == line else ' '} {number:>{digits}} │ {lines[number - 1]}".rstrip()
        for number in range(first, last + 1)
    ]
    return [styled(text, bold=True) if text.startswith("→") else text for text in shown]


def figures(metrics: dict[str, Metric], most: int) -> str:
    """The first metrics on one line, without their counts."""
    from dataclasses import replace

    named = list(metrics.items())[:most]
    return ", ".join(f"{name} {metric(replace(one, count=None, step=None))}" for name, one in named)


def _where(fault: RunFault, attempt: Attempt | None) -> str:
    """The code cell as people count: what the display counted while it ran, from 1."""
    if fault.cell is None:
        return ""
    if attempt and attempt.progress.cells:
        return f"cell {attempt.progress.cell} of {attempt.progress.cells}"
    return f"cell with index {fault.cell}"


def _preposition(ended: RunState) -> str:
    return "in" if ended is RunState.SUCCEEDED else "after"


def _model(model: LoggedModel) -> str:
    return f"{model.name} ({model.id})"


def _output(output: Output) -> str:
    described = f"  {output.description}" if output.description else ""
    return f"{output.name}  {size(output.size)}{described}"


def _look(run: Run) -> str:
    return f"gristmill runs show {run.number} · gristmill open {run.number}"


def word(text: str) -> str:
    """`text` as one word of a shell's command."""
    import shlex

    return shlex.quote(text)


def _name_for(run: Run) -> str:
    """What its first model could be registered as: what it was logged as, unless that says nothing."""
    logged = run.models[0].name
    return PurePosixPath(run.notebook).stem if logged == _SAYS_NOTHING else logged


def _next(run: Run) -> str | Cell:
    if run.state is RunState.SUCCEEDED and run.models:
        named = f" --model {word(run.models[0].name)}" if len(run.models) > 1 else ""
        return Cell(f"gristmill models register {word(_name_for(run))} --run {run.number}{named}", bold=True)
    if run.state is RunState.SUCCEEDED:
        return f"gristmill runs outputs {run.number} --notebook"
    return f"gristmill runs logs {run.number}"
