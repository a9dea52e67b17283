"""`--post-mortem[=TIME]`: an option whose value may be left out, which typer has none of."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from gristmill.cli.options import seconds

_OPTION = "--post-mortem"
_USUAL = "30m"

KeepsKernel = Annotated[
    float | None,
    typer.Option(
        _OPTION,
        parser=seconds,
        metavar="[=TIME]",
        help=f"Keep the kernel for {_USUAL}, or the time given, if a cell fails; `gristmill kernels` lists.",
    ),
]


class RunCommand(TyperCommand):
    """Alone the option means 30 minutes, wherever it stands: the next word is never its value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # the context's type is private to typer
        end = args.index("--") if "--" in args else len(args)
        spelled = [f"{_OPTION}={_USUAL}" if one == _OPTION else one for one in args[:end]]
        return super().parse_args(ctx, [*spelled, *args[end:]])
