"""A person on the platform, by clicking: from the log-in to a served prediction; a second one sees nothing of it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE, SCREENSHOTS
from tests.browser.hub import LogIn, ask_by_widget, people, register_and_deploy, sees_nothing, start, until_succeeded
from tests.browser.notebooks import cell, write
from tests.cluster.platform import Platform

SLOW = 4 * PATIENCE


@pytest.fixture
def log_in(platform: Platform, browser: Browser) -> Iterator[LogIn]:
    with people(browser, platform.hub, "cluster") as log_in:
        yield log_in


def put(platform: Platform, name: str, notebook: Path) -> None:
    """Into this person's folder, by this person's own server."""
    answer = httpx.put(
        f"{platform.hub.url}/user/{name}/api/contents/{notebook.name}",
        headers={"Authorization": f"token {platform.hub.token(name)}"},
        json={"type": "notebook", "format": "json", "content": json.loads(notebook.read_text())},
        timeout=60,
    )
    answer.raise_for_status()


def test_from_the_log_in_to_a_served_prediction(platform: Platform, log_in: LogIn, tmp_path: Path) -> None:
    page = log_in("ida")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_text("1 GPU").or_(page.get_by_text("GPU")).first).to_be_visible()
    desk = start(page, "ida", "gpu", picture=SCREENSHOTS / "cluster-spawn-ida.png", patience=SLOW)
    page.get_by_role("button", name="Open the churn example").click()
    notebook = "train.ipynb"
    expect(desk.toolbar_button(notebook)).to_be_visible(timeout=SLOW)
    desk.toolbar_button(notebook).click()
    form = desk.form(notebook)
    form.get_by_role("radio", name=re.compile("^gpu")).check()
    form.get_by_role("button", name="Run", exact=True).click()
    run = page.locator(".gr-Page:visible")
    expect(run.get_by_role("heading", level=1).first).to_contain_text("running", timeout=SLOW)
    expect(run.get_by_text(re.compile(r"cell \d+/\d+")).first).to_be_visible(timeout=SLOW)
    page.screenshot(path=SCREENSHOTS / "cluster-live.png")
    until_succeeded(desk, 2 * SLOW)
    page.screenshot(path=SCREENSHOTS / "cluster-run.png")

    register_and_deploy(desk, "churn", SLOW)
    page.get_by_role("button", name="Open endpoint churn").click()
    endpoint = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="ready churn"))
    by_hand = endpoint.get_by_role("region", name="Try it")
    by_hand.get_by_role("button", name="Predict").click()
    expect(by_hand.get_by_label("Answer", exact=True)).to_contain_text("predictions", timeout=SLOW)
    page.screenshot(path=SCREENSHOTS / "cluster-endpoint.png")

    # From a cell, in a notebook of the person's own: a panel asks the endpoint, and deletes it.
    write(tmp_path / "ask.ipynb", cell('import gristmill\ngristmill.panel.endpoint("churn")'))
    put(platform, "ida", tmp_path / "ask.ipynb")
    page.goto(f"{platform.hub.url}/user/ida/lab/tree/ask.ipynb")
    expect(page.get_by_role("tab", name="ask.ipynb")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("| Idle")).to_be_visible(timeout=SLOW)  # Lab drops what is run before
    panel = ask_by_widget(desk, desk.notebook("ask.ipynb"), SLOW)
    page.screenshot(path=SCREENSHOTS / "cluster-panel.png")
    panel.get_by_role("button", name="Delete…").click()
    panel.get_by_role("button", name="Delete", exact=True).click()
    expect(panel).to_contain_text("There is no endpoint churn", timeout=SLOW)

    other = log_in("joe")
    theirs = start(other, "joe", "small", picture=SCREENSHOTS / "cluster-spawn-joe.png", patience=SLOW)
    sees_nothing(theirs, platform.hub, "ida")
