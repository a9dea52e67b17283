"""The reference pages that the code writes itself, handed to MkDocs as it builds (a hook of `mkdocs.yml`)."""

from collections.abc import Callable, Mapping

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

from gristmill.cli.main import app as command_line
from gristmill.core.errors import EXIT_CODE, HTTP_STATUS


def commands() -> str:
    command = typer.main.get_command(command_line)
    context = typer.Context(command, info_name="gristmill")
    return get_docs_for_click(obj=command, ctx=context, name="gristmill", title="Commands")


def errors() -> str:
    """One row per error: what a program sees (code, status), what a shell sees (exit status)."""
    rows = [
        f"| `{kind.code}` | {kind.title} | {status} | {EXIT_CODE.get(kind, '')} |"
        for kind, status in HTTP_STATUS.items()
    ]
    return "\n".join((ERRORS_HEAD, *rows))


ERRORS_HEAD = """\
# Errors

An error answer is a problem document (RFC 9457, `application/problem+json`): `title`, `status`, `detail` (what, got,
expected), `code`, `hint` (what to do) and `faults`, one per place of the input that is wrong. In Python it is raised
again as the class of `gristmill.core.errors` with that code. A command ends with the exit status; 1 is a run that
failed, 2 a command line that is wrong, 130 Ctrl-C.

| code | title | HTTP status | exit status |
|---|---|---|---|"""

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": commands,
    "reference/errors.md": errors,
}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for path, write in PAGES.items():
        files.append(File.generated(config, path, content=write()))
    return files
