"""Arguments and options that several commands share."""

import re
from typing import Annotated

import typer

from gristmill.cli.errors import remember_json

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs.", callback=remember_json, is_eager=True)
]
RunKey = Annotated[str, typer.Argument(metavar="RUN", help="Number, id or name of a run.")]
EndpointName = Annotated[str, typer.Argument(metavar="NAME", help="Name of an endpoint.")]
ProfileName = Annotated[str | None, typer.Option("--profile", help="What compute it gets; `gristmill profiles` lists.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is over.")]

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|)")
_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def assigned(texts: list[str], option: str) -> dict[str, str]:
    """`name=value` texts by name.

    Raises:
        typer.BadParameter: a text without a name or without `=`; a name that is given twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise typer.BadParameter(f"{text!r} is not valid: expected name=value", param_hint=option)
        if name.strip() in pairs:
            raise typer.BadParameter(f"{name.strip()!r} is given twice: expected one value", param_hint=option)
        pairs[name.strip()] = value
    return pairs


def seconds(text: str) -> float:
    """`90`, `90s`, `15m`, `2h`, `1d` in seconds.

    Raises:
        typer.BadParameter: anything else.
    """
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a time: expected seconds, or for example 90s, 15m, 2h")
    return float(match[1]) * _SECONDS[match[2]]


def model_version(text: str) -> tuple[str, str]:
    """Name and version of `churn/3`.

    Raises:
        typer.BadParameter: anything else.
    """
    name, separator, version = text.rpartition("/")
    if not separator or not name or not version:
        raise typer.BadParameter(f"{text!r} is not a model version: expected MODEL/VERSION, for example churn/3")
    return name, version
