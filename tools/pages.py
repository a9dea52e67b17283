"""The reference pages that the code writes itself, handed to MkDocs as it builds (a hook of `mkdocs.yml`)."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from fastapi import APIRouter, FastAPI
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click

import gristmill
from gristmill.cli.main import app as command_line
from gristmill.core.errors import EXIT_CODE, HTTP_STATUS
from gristmill.core.scopes import PERSON_SCOPES, ROLES
from gristmill.core.settings import Settings


def commands() -> str:
    command = typer.main.get_command(command_line)
    context = typer.Context(command, info_name="gristmill")
    page = get_docs_for_click(obj=command, ctx=context, name="gristmill", title="Commands")
    return page.partition("\n")[2]  # the file has the title


ERRORS_HEAD = """\
| code | title | HTTP status | exit status |
|---|---|---|---|"""


def errors() -> str:
    """One row per error: what a program sees (code, status), what a shell sees (exit status)."""
    rows = [
        f"| `{kind.code}` | {kind.title} | {status} | {EXIT_CODE.get(kind, '')} |"
        for kind, status in HTTP_STATUS.items()
    ]
    return "\n".join((ERRORS_HEAD, *rows))


SETTINGS_HEAD = """\
| variable | type | default | |
|---|---|---|---|"""

# One field of the dataclass, as its source has it: name, type, default, what the comment says.
SETTING = re.compile(r"^    (\w+): ([^=]+?) = (.+?)(?:  # (.*))?$", re.MULTILINE)


def settings() -> str:
    fields = SETTING.findall(inspect.getsource(Settings))
    return "\n".join((SETTINGS_HEAD, *(_setting(*field) for field in fields)))


def _setting(name: str, kind: str, default: str, said: str) -> str:
    secret = re.fullmatch(r"field\(default=(.+), repr=False\)", default)
    shown = DEFAULTS.get(name) or f"`{secret[1] if secret else default}`"
    return f"| `GRISTMILL_{name.upper()}` | `{kind.removesuffix(' | None')}` | {shown} | {said} |"


DEFAULTS = {"home": "the platform's folder for a user's data, `gristmill` in it"}

TABLE_HEAD = """
## {tag}

| | route | scope | takes | answers |
|---|---|---|---|---|"""


def routers() -> Iterator[APIRouter]:
    """Those of every word's `routes.py` and of the server's modules."""
    for info in pkgutil.walk_packages(gristmill.__path__, "gristmill."):
        if info.name.endswith(".routes") or info.name == "gristmill.server.streams":
            yield from (one for one in vars(importlib.import_module(info.name)).values() if isinstance(one, APIRouter))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every route."""
    app = FastAPI()
    for router in routers():
        app.include_router(router)
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def http() -> str:
    tables: dict[str, list[str]] = {}
    for method, path, operation in operations():
        tables.setdefault(operation["tags"][0], []).append(_row(method, path, operation))
    titles = (TABLE_HEAD.format(tag=tag.capitalize()) + "\n" + "\n".join(rows) for tag, rows in sorted(tables.items()))
    return "\n".join(titles)


def scopes_of(operation: dict[str, Any]) -> list[str]:
    return [scope for security in operation.get("security", []) for names in security.values() for scope in names]


NOT_THERE, LEFT_OUT, MADE, OF_ALL = "404", "left out", "one's own", "of all"
# What belongs to no project.
_OF_ALL = re.compile(r"/api/(profiles|server|collection|audit/verify|secrets/rotate|environments/prune)(/|$)")


def of_others(method: str, path: str) -> str:
    """What a route says of another project's things to whoever may ask it at all."""
    if _OF_ALL.match(path):
        return OF_ALL
    if "{" in path and method != "PUT":
        return NOT_THERE
    return LEFT_OUT if method == "GET" else MADE


def access() -> str:
    """What each role may, route by route; those of workers and supervisors are nobody's."""
    head = f"| route | {' | '.join(ROLES)} | another project's |\n|---|{'---|' * len(ROLES)}---|"
    rows = []
    for method, path, operation in operations():
        needed = set(scopes_of(operation))
        if needed & PERSON_SCOPES:
            may = ("yes" if needed <= scopes else "" for scopes in ROLES.values())
            cells = (f"{operation['summary']}<br>`{method} {path}`", *may, of_others(method, path))
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join((head, *rows))


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    scopes = scopes_of(operation)
    answers = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    cells = (
        operation["summary"],
        f"`{method} {path}`",
        ", ".join(f"`{scope}`" for scope in scopes) or "–",  # noqa: RUF001  # a dash, for a reader
        _shape(operation.get("requestBody", {})),
        _shape(answers),
    )
    return f"| {' | '.join(cells)} |"


def _shape(body: dict[str, Any]) -> str:
    """The name of what a body holds, by its first media type; of a list, the name of its items."""
    contents: dict[str, dict[str, Any]] = body.get("content", {})
    media = next(iter(contents), "")
    schema = contents.get(media, {}).get("schema", {})
    named = schema.get("$ref") or schema.get("items", {}).get("$ref")
    return f"`{named.rpartition('/')[2]}`" if named else media


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/access.md": access,
    "reference/cli.md": commands,
    "reference/errors.md": errors,
    "reference/http.md": http,
    "reference/settings.md": settings,
}

# From here on such a page says where else to look: it is read on code hosts too. The site has the real thing instead.
WRITTEN = re.compile(r"^<!-- written by the build -->.*\Z", re.MULTILINE | re.DOTALL)


# Small enough to stand in the tree, so that a code host shows them too; a test holds them against the code.
COMMITTED = ("reference/access.md", "reference/errors.md", "reference/settings.md")
BEHIND = "Written from `gristmill` by `python -m tools.pages`."


def committed(text: str, name: str) -> str:
    """The page as it stands in the tree."""
    return WRITTEN.sub(lambda _: f"<!-- written by the build -->\n\n{PAGES[name]()}\n\n{BEHIND}\n", text)


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  # MkDocs gives them
    write = PAGES.get(page.file.src_uri)
    if write is None:
        return markdown
    content = write()
    filled, places = WRITTEN.subn(lambda _: content, markdown)
    if places != 1:
        raise PluginError(f"{page.file.src_uri} has no line that says where the build writes")
    return filled


if __name__ == "__main__":
    for one in COMMITTED:
        path = Path("docs") / one
        path.write_text(committed(path.read_text(), one))
