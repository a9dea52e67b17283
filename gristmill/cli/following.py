"""Staying with a run until it is over, or until whoever watches has seen enough."""

import sys
from dataclasses import dataclass
from enum import StrEnum

from gristmill.cli.displays import Display, display_for
from gristmill.cli.errors import FAILED, INTERRUPTED
from gristmill.cli.output import remark
from gristmill.cli.terminal import is_terminal
from gristmill.cli.watched import Watched
from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import ConflictError
from gristmill.runs.model import Run, RunState


class Choice(StrEnum):
    GO_ON = "go on"
    DETACH = "detach"
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True)
class Followed:
    """`run` as it was seen last. `detached`: it goes on without us."""

    run: Run
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
    interrupted = False
    while True:
        try:
            with display_for(watched, quiet=quiet) as display:
                _show(client, watched, display, seen)
            final = client.send(api.get_run(run.id)).run
            return Followed(run=final, interrupted=interrupted, notices=watched.notices)
        except KeyboardInterrupt:
            choice = Choice.DETACH if interrupted or quiet else _ask(run)
            if choice is Choice.DETACH:
                _tell_detached(run)
                return Followed(run=run, detached=True, interrupted=True)
            if choice is Choice.CANCEL:
                interrupted = True
                _cancel(client, run)


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


def _tell_detached(run: Run) -> None:
    remark(f"Detached: {run.name} goes on.")
    remark(f"  gristmill runs show {run.number}      how it is")
    remark(f"  gristmill runs logs -f {run.number}   what it prints")
    remark(f"  gristmill runs cancel {run.number}    ends it")


def _ask(run: Run) -> Choice:
    """What to do about the run that was interrupted; a second Ctrl-C is an answer too."""
    if not (is_terminal(sys.stdin) and is_terminal()):
        return Choice.DETACH
    try:
        answer = input(f"\n{run.name} is running: [d]etach and let it go on, [c]ancel it, or Enter to watch on? ")
    except (KeyboardInterrupt, EOFError):
        remark("")
        return Choice.DETACH
    word = answer.strip().lower()
    if word and Choice.CANCEL.value.startswith(word):
        return Choice.CANCEL
    return Choice.DETACH if word and Choice.DETACH.value.startswith(word) else Choice.GO_ON
