"""Staying with a run: what Ctrl-C means, and with which exit status the command ends."""

import signal

import pytest

from gristmill.cli.following import Choice, Followed, chosen
from gristmill.cli.interrupts import Interrupts
from gristmill.runs.model import RunState
from tests.unit.cli.made import a_run


@pytest.mark.parametrize(
    ("line", "choice"),
    [
        ("c\n", Choice.CANCEL),
        ("Cancel\n", Choice.CANCEL),
        ("d\n", Choice.DETACH),
        ("detach\n", Choice.DETACH),
        ("\n", Choice.GO_ON),
        ("what?\n", Choice.GO_ON),
        ("", Choice.DETACH),  # the terminal is gone
    ],
)
def test_an_answer_is_known_by_its_first_letters(line: str, choice: Choice) -> None:
    assert chosen(line) is choice


@pytest.mark.parametrize(
    ("followed", "status"),
    [
        (Followed(run=a_run(RunState.SUCCEEDED)), 0),
        (Followed(run=a_run(RunState.FAILED)), 1),
        (Followed(run=a_run(RunState.CANCELLED)), 1),
        (Followed(run=a_run(RunState.CANCELLED), interrupted=True), 130),
        (Followed(run=a_run(RunState.SUCCEEDED), interrupted=True), 0),
        (Followed(run=a_run(RunState.RUNNING), interrupted=True, detached=True), 130),
    ],
)
def test_the_exit_status_says_what_became_of_the_run(followed: Followed, status: int) -> None:
    assert followed.exit_code == status


def test_the_first_interrupt_raises_and_the_next_are_noted_until_it_is_rearmed() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        noted = [interrupts.again]
        signal.raise_signal(signal.SIGINT)
        noted.append(interrupts.again)
        assert noted == [False, True]
        interrupts.rearm()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_interrupts_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
