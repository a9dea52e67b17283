"""The commands, each imported when it is asked for: one that runs does not wait for the others."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command_from_info, get_group_from_info
from typer.models import CommandInfo, TyperInfo

from gristmill.cli.errors import Commands

# Where each is, in the order in which they are needed: a function, how typer is to take one (`CommandInfo`), or a
# `typer.Typer` with commands of its own.
PLACES = {
    "lab": "lab:lab",
    "hub": "hub:hub",
    "run": "run:command",
    "runs": "runs:app",
    "kernels": "kernels:app",
    "parameters": "parameters:parameters",
    "profiles": "profiles:profiles",
    "data": "data:app",
    "environments": "environments:app",
    "models": "models:app",
    "deploy": "deploy:deploy",
    "endpoints": "endpoints:app",
    "secrets": "secrets:app",
    "open": "open:open_page",
    "server": "server:app",
    "audit": "audit:app",
    "db": "db:app",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "gc": "backup:collect",
    "doctor": "doctor:doctor",
    "init": "init:init",
}


class AllCommands(Commands):
    """The root of all commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Imported()  # type: ignore[assignment]  # nothing is added to it or taken away

    def list_commands(self, ctx: Any) -> list[str]:  # its type is private to typer
        del ctx
        return list(PLACES)


class _Imported(Mapping[str, Any]):
    """What is asked for is imported; names and their number are known without."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            module, attribute = PLACES[name].split(":")
            found = getattr(import_module(f"gristmill.cli.{module}"), attribute)
            options: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_short": True}
            if isinstance(found, typer.Typer):
                group = TyperInfo(found, name=name)
                self._found[name] = get_group_from_info(group, suggest_commands=True, **options)
            else:
                command = found if isinstance(found, CommandInfo) else CommandInfo(name=name, callback=found)
                self._found[name] = get_command_from_info(command, **options)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)
