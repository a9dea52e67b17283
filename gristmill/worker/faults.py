"""Why an attempt failed, in words that help."""

import re
import signal
from collections.abc import Sequence

from gristmill.runs.model import FaultKind, RunFault
from gristmill.worker.known_faults import hint_for
from gristmill.worker.logs import strip_ansi

_MAX_LINES = 200
_MAX_LINE = 2000
_MAX_SOURCE = 20_000
_MAX_MESSAGE = 2000


def cell_fault(
    *, cell: int | None, count: int | None, source: str, ename: str, evalue: str, traceback: Sequence[str]
) -> RunFault:
    """A cell raised. `count` is the cell's execution count: the traceback names it."""
    lines = bounded(strip_ansi("\n".join(traceback)).splitlines())
    error = strip_ansi(f"{ename}: {evalue}" if evalue else ename).strip()  # R ends it with a line break
    return RunFault(
        kind=FaultKind.CELL_ERROR,
        message=error[:_MAX_MESSAGE],
        cell=cell,
        source=source[:_MAX_SOURCE],
        line=error_line(lines, count),
        traceback=lines,
        hint=hint_for(error),
    )


def error_line(lines: Sequence[str], count: int | None) -> int | None:
    """The line in the cell that failed, the innermost if functions of the same cell called each other.

    IPython writes frames of a cell as `Cell In[7], line 3`; only those of the failed cell count.
    """
    found = [re.match(r"\s*Cell In\[(\d+)\], line (\d+)", line) for line in lines]
    own = [int(match[2]) for match in found if match and int(match[1]) == count]
    return own[-1] if own else None


def death_fault(
    *,
    status: int | None,
    cell: int | None,
    source: str | None,
    stderr: Sequence[str] = (),
    out_of_memory: bool = False,
) -> RunFault:
    """The kernel's process ended by itself. `status` as `Popen.returncode`."""
    message, hint = _death(status, out_of_memory=out_of_memory)
    return RunFault(
        kind=FaultKind.KERNEL_DIED,
        message=message,
        cell=cell,
        source=source and source[:_MAX_SOURCE],
        traceback=bounded(stderr),
        hint=hint,
    )


def stop_fault(*, timeout: float, cell: int | None, source: str | None) -> RunFault:
    """The run took longer than it may."""
    return RunFault(
        kind=FaultKind.TIMEOUT,
        message=f"the run did not end within its timeout of {timeout:g} s",
        cell=cell,
        source=source and source[:_MAX_SOURCE],
        hint="Give it a longer timeout, or less to do.",
    )


def bounded(lines: Sequence[str]) -> tuple[str, ...]:
    """At most 200 lines: the first few and, above all, the last."""
    cut = [line if len(line) <= _MAX_LINE else line[:_MAX_LINE] + "…" for line in lines]
    if len(cut) <= _MAX_LINES:
        return tuple(cut)
    head = _MAX_LINES // 4
    tail = _MAX_LINES - head - 1
    return (*cut[:head], f"… {len(cut) - head - tail} lines are left out here …", *cut[-tail:])


def _death(status: int | None, *, out_of_memory: bool) -> tuple[str, str | None]:
    if out_of_memory:
        return (
            "the kernel was killed because memory ran out",
            "Use less memory, or a profile with more: `gristmill profiles` shows them.",
        )
    if status == -signal.SIGKILL:
        return (
            "the kernel was killed (SIGKILL)",
            "The system does this when memory runs out: use less, or a profile with more. Else somebody killed it.",
        )
    if status is not None and status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return (
            f"the kernel crashed ({name})",
            "Native code of a library does this; its last words are in the traceback.",
        )
    if status is not None:
        return (
            f"the kernel ended itself with exit status {status}",
            "os._exit() and exit() do this; to end a notebook early use sys.exit(0).",
        )
    return "the kernel does not answer any more", None
