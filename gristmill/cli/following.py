"""Staying with a run until it is over, or until whoever watches has seen enough."""

import select
import sys
from dataclasses import dataclass
from enum import StrEnum

from gristmill.cli.displays import Display, display_for
from gristmill.cli.errors import FAILED, INTERRUPTED
from gristmill.cli.interrupts import Interrupts
from gristmill.cli.output import remark, say
from gristmill.cli.terminal import is_terminal
from gristmill.cli.watched import Watched
from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import ConflictError
from gristmill.runs.model import Output, Run, RunState

PATIENCE = 0.1  # seconds between two looks for a second Ctrl-C


class Choice(StrEnum):
    GO_ON = "go on"
    DETACH = "detach"
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True)
class Followed:
    """`run` as it was seen last. `detached`: it goes on without us."""

    run: Run
    outputs: tuple[Output, ...] = ()
    detached: bool = False
    interrupted: bool = False
    notices: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        if self.interrupted and self.run.state is not RunState.SUCCEEDED:
            return INTERRUPTED
        return 0 if self.run.state is RunState.SUCCEEDED or self.detached else FAILED


def follow(client: Client, run: Run, *, quiet: bool) -> Followed:
    """Shows the run until it is over. Ctrl-C asks whether to detach or to cancel; a second one detaches.

    Where nobody can be asked, Ctrl-C detaches: a run does not end because who watched it did.
    """
    watched = Watched.at_start(run)
    seen = _Seen()
    cancelled = False
    with Interrupts() as interrupts:
        while True:
            try:
                with display_for(watched, quiet=quiet) as display:
                    _show(client, watched, display, seen)
                final = client.send(api.get_run(run.id))
                return Followed(run=final.run, outputs=final.outputs, interrupted=cancelled, notices=watched.notices)
            except KeyboardInterrupt:
                choice = Choice.DETACH if cancelled or quiet else _ask(run, interrupts)
            if choice is Choice.DETACH:
                tell_detached(run)
                return Followed(run=run, detached=True, interrupted=True)
            if choice is Choice.CANCEL:
                cancelled = True
                _cancel(client, run)
            interrupts.rearm()


@dataclass
class _Seen:
    cursor: int = 0


def _show(client: Client, watched: Watched, display: Display, seen: _Seen) -> None:
    for event in client.follow(watched.run, after=seen.cursor):
        seen.cursor = event.seq
        watched.take(event)
        display.take(event)


def _cancel(client: Client, run: Run) -> None:
    try:
        client.send(api.cancel_run(run.id))
    except ConflictError:
        return  # it ended while we asked
    remark(f"Cancelling {run.name}: its kernel is interrupted, what it has so far is kept. Ctrl-C again detaches.")


def tell_detached(run: Run) -> None:
    remark(f"Detached: {run.name} goes on.")
    remark(f"  gristmill runs show {run.number}      how it is")
    remark(f"  gristmill runs logs -f {run.number}   what it prints")
    remark(f"  gristmill runs cancel {run.number}    ends it")


def _ask(run: Run, interrupts: Interrupts) -> Choice:
    """What to do about the run that was interrupted; a second Ctrl-C is an answer too."""
    if not (is_terminal(sys.stdin) and is_terminal()):
        return Choice.DETACH
    say(f"{run.name} is running: [d]etach and let it go on, [c]ancel it, or Enter to watch on?", end=" ")
    while not select.select([sys.stdin], [], [], PATIENCE)[0]:
        if interrupts.again:
            say()
            return Choice.DETACH
    return chosen(sys.stdin.readline())


def chosen(line: str) -> Choice:
    """What a typed line means; the end of input lets the run go on without us."""
    if not line:
        return Choice.DETACH
    word = line.strip().lower()
    named = (one for one in (Choice.CANCEL, Choice.DETACH) if word and one.value.startswith(word))
    return next(named, Choice.GO_ON)
