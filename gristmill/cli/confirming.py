"""Asking before something is destroyed, where there is somebody to ask."""

import sys
from typing import Annotated

import typer

from gristmill.cli.terminal import is_terminal

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Without a terminal nobody is asked.")]


def confirm(question: str, *, yes: bool) -> None:
    """Returns if it may be done; ends the command otherwise. Programs are not asked: they mean what they say."""
    if yes or not (is_terminal(sys.stdin) and is_terminal()):
        return
    if not typer.confirm(question):
        raise typer.Exit(1)
