"""`gristmill open mlflow`, as a person sees it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gristmill.runs.model import Run, RunState
from tests.browser.conftest import Visitor
from tests.integration.conftest import ControlPlane, WriteNotebook

GRISTMILL = Path(sys.executable).with_name("gristmill")
CELL = "import mlflow\nmlflow.log_metric('answer', 42)"

Visitors = Callable[[], Visitor]


@pytest.fixture
def run(control_plane: ControlPlane, notebook: WriteNotebook) -> Run:
    with control_plane.client() as client:
        ran = client.wait(client.run(notebook(CELL, name="visible.ipynb"), name="seen-in-a-browser"))
    assert ran.state is RunState.SUCCEEDED
    return ran


def link(control_plane: ControlPlane, what: str = "mlflow") -> str:
    done = subprocess.run(
        [GRISTMILL, "open", what, "--json"],
        env={**os.environ, "GRISTMILL_HOME": str(control_plane.home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    url = json.loads(done.stdout)["url"]
    assert isinstance(url, str)
    return url


def test_the_link_leads_to_the_experiment_with_its_run(
    control_plane: ControlPlane, run: Run, visitors: Visitors
) -> None:
    person = visitors()
    page = person.context.new_page()
    page.goto(link(control_plane))
    page.get_by_role("link", name="visible").first.click()
    expect(page.get_by_text(run.name).first).to_be_visible()
    assert person.foreign == []


def test_a_run_is_opened_on_its_own_page(control_plane: ControlPlane, run: Run, visitors: Visitors) -> None:
    person = visitors()
    page = person.context.new_page()
    page.goto(link(control_plane, str(run.number)))
    expect(page.get_by_text(run.name).first).to_be_visible()
    expect(page.get_by_text("answer").first).to_be_visible()
    assert person.foreign == []


def test_the_link_works_once_and_the_cookie_in_every_tab_of_this_browser_alone(
    control_plane: ControlPlane, visitors: Visitors
) -> None:
    person, stranger = visitors(), visitors()
    url = link(control_plane)
    first = person.context.new_page()
    first.goto(url)
    pages = f"http://{person.host}/mlflow/"
    second = person.context.new_page()
    answer = second.goto(pages)
    assert answer is not None
    assert answer.status == 200
    expect(second.get_by_text("Default").first).to_be_visible()
    elsewhere = stranger.context.new_page()
    for address in (url, pages):
        refused = elsewhere.goto(address)
        assert refused is not None
        assert refused.status in {401, 404}
        expect(elsewhere.get_by_text("gristmill open").first).to_be_visible()
    (cookie,) = person.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/mlflow")
    assert person.foreign == []
    assert stranger.foreign == []
