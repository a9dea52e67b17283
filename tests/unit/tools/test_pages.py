import re
from dataclasses import fields
from pathlib import Path

import pytest

from gristmill.core.errors import HTTP_STATUS
from gristmill.core.settings import Settings
from tools import pages


def test_the_page_of_errors_has_every_code() -> None:
    page = pages.errors()
    assert [kind.code for kind in HTTP_STATUS if f"| `{kind.code}` |" not in page] == []


def test_the_page_of_routes_says_scope_and_shapes() -> None:
    assert "| `POST /api/runs` | `runs:write` | `RunRequest` | `Run` |" in pages.http()


def test_the_page_of_commands_goes_down_to_the_options() -> None:
    page = pages.commands()
    assert "## `gristmill run`" in page
    assert "`--profile" in page


def test_the_page_of_settings_has_every_field() -> None:
    page = pages.settings()
    assert [field.name for field in fields(Settings) if f"| `GRISTMILL_{field.name.upper()}` |" not in page] == []
    assert "| `GRISTMILL_PORT` | `int` | `0` | 0: one is chosen" in page


def test_the_page_of_settings_says_something_of_each() -> None:
    assert [row for row in pages.settings().splitlines()[2:] if row.endswith(" |  |")] == []
    assert "repr=False" not in pages.settings()


@pytest.mark.parametrize("name", pages.COMMITTED)
def test_a_page_that_stands_in_the_tree_is_what_the_code_says(name: str) -> None:
    text = (Path("docs") / name).read_text()
    assert text == pages.committed(text, name), "python -m tools.pages"


LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


def test_every_link_leads_to_a_file_that_is_there() -> None:
    """So that it works on a code host too, where nothing is built."""
    texts = [*Path().glob("*.md"), *Path("docs").rglob("*.md")]
    dead = [
        f"{text}: {link}"
        for text in texts
        for link in LINK.findall(text.read_text())
        if not (text.parent / link).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_that_the_build_writes_says_elsewhere_where_to_look(name: str) -> None:
    text = (Path("docs") / name).read_text()
    before, marks, behind = text.partition("<!-- written by the build -->\n")
    assert before.strip()
    assert marks
    assert "gristmill" in behind
