"""How a command says that it did not work: message, each fault, what to do; and with which exit status it ends."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from gristmill.cli.output import remark, styled
from gristmill.core.errors import Fault, GristmillError

FAILED = 1  # a run that did not succeed, a chain that is broken, something that doctor found
USAGE = 2
INTERNAL = 70
INTERRUPTED = 130

_JSON = "gristmill.json"


class Commands(TyperGroup):
    """Commands of which what Gristmill raises on purpose is told without a traceback."""

    def invoke(self, ctx: Any) -> Any:  # its type is private to typer
        try:
            return super().invoke(ctx)
        except GristmillError as error:
            show(error, as_json=bool(ctx.meta.get(_JSON)))
            raise typer.Exit(error.exit_code) from error


def remember_json(ctx: typer.Context, as_json: bool) -> bool:
    """Faults are told in the form in which the result was asked for."""
    ctx.meta[_JSON] = as_json
    return as_json


def show(error: GristmillError, *, as_json: bool) -> None:
    """On stderr, as text or as a problem document (RFC 9457)."""
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(error.problem()), indent=2).decode(), err=True)
        return
    remark(f"{styled('error:', 'red', bold=True)} {error.message}")
    listed = [
        fault for fault in error.faults if error.message not in {fault.message, f"{fault.where}: {fault.message}"}
    ]
    for fault in listed:
        remark(f"  {_fault(fault)}")
    if error.hint:
        remark(f"{styled('hint:', bold=True)} {error.hint}")


def _fault(fault: Fault) -> str:
    where = "" if fault.where in fault.message else f"{fault.where}: "
    expected = f"; expected {fault.expected}" if fault.expected and fault.expected not in fault.message else ""
    return f"{where}{fault.message}{expected}{f'  {fault.hint}' if fault.hint else ''}"


def fail(message: str, *, status: int = FAILED) -> typer.Exit:
    """To be raised: the line on stderr and the exit status, where what was asked for is known and bad."""
    remark(f"{styled('failed:', 'red', bold=True)} {message}")
    return typer.Exit(status)


def internal_fault() -> int:
    """The exit status after an error that nobody foresaw; its traceback is for whoever reports it."""
    import traceback

    traceback.print_exc(file=sys.stderr)
    remark("This is a fault of Gristmill itself. Please report it with the lines above.")
    return INTERNAL
