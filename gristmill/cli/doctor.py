"""`gristmill doctor`: what this machine lacks, and what to do about it."""

from typing import TYPE_CHECKING

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.cli.checks import Check


def doctor(as_json: AsJson = False) -> None:
    """Look for what would be in the way.

    Checks all that runs and endpoints need, and says what to do. Exit status 1 where something is broken.
    """
    from gristmill.cli.checks import Verdict, checks
    from gristmill.cli.errors import FAILED
    from gristmill.cli.output import remark, write_json
    from gristmill.core.settings import read_settings

    found = []
    for check in checks(read_settings()):
        found.append(check)
        if not as_json:
            _print(check)
    if as_json:
        write_json(found)
    broken = sum(check.verdict is Verdict.BROKEN for check in found)
    if broken:
        if not as_json:
            remark(f"{broken} of {len(found)} need something done.")
        raise typer.Exit(FAILED)


def _print(check: "Check") -> None:
    from gristmill.cli.checks import Verdict
    from gristmill.cli.output import say, styled

    icon, colour = {
        Verdict.GOOD: ("✓", "green"),
        Verdict.WARNING: ("!", "yellow"),
        Verdict.BROKEN: ("✗", "red"),
    }[check.verdict]
    say(f"{styled(icon, colour)} {styled(check.name.ljust(14), bold=True)} {check.says}")
    if check.what_to_do:
        say(f"    {check.what_to_do}")
