"""A person on the platform, by clicking: from the log-in to a served prediction; a second one sees nothing of it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.lab import Desk, Lab
from tests.browser.notebooks import cell, write
from tests.browser.test_widgets import ANSWER, run_cell
from tests.cluster.platform import Platform
from tests.hub import PASSWORD

PICTURES = Path("browser-failures")
SLOW = 4 * PATIENCE


@pytest.fixture
def log_in(platform: Platform, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """By the hub's own page, as far as that leads."""
    contexts = []

    def log_in(name: str) -> Page:
        contexts.append(browser.new_context())
        contexts[-1].set_default_timeout(PATIENCE)
        page: Page = contexts[-1].new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{platform.hub.url}/hub/login?next=/hub/spawn")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    yield log_in
    PICTURES.mkdir(exist_ok=True)
    for number, context in enumerate(contexts):
        for page in context.pages:
            page.screenshot(path=PICTURES / f"cluster-{number}.png")
        context.close()


def put(platform: Platform, name: str, token: str, notebook: Path) -> None:
    """Into this person's folder, by this person's own server."""
    answer = httpx.put(
        f"{platform.hub.url}/user/{name}/api/contents/{notebook.name}",
        headers={"Authorization": f"token {token}"},
        json={"type": "notebook", "format": "json", "content": json.loads(notebook.read_text())},
        timeout=60,
    )
    answer.raise_for_status()


def start(page: Page, name: str, profile: str) -> Desk:
    page.get_by_role("radio", name=re.compile(f"^{profile}")).check()
    page.screenshot(path=PICTURES / f"cluster-spawn-{name}.png")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(f"/user/{name}/lab"), timeout=SLOW)
    desk = Desk(page=page, lab=Lab(url=page.url, folder=Path(), log=Path()))
    expect(page.get_by_role("button", name="Open the churn example")).to_be_visible(timeout=SLOW)
    return desk


def test_from_the_log_in_to_a_served_prediction(
    platform: Platform, log_in: Callable[[str], Page], tmp_path: Path
) -> None:
    PICTURES.mkdir(exist_ok=True)
    page = log_in("ida")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_text("1 GPU").or_(page.get_by_text("GPU")).first).to_be_visible()
    desk = start(page, "ida", "gpu")
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
    page.screenshot(path=PICTURES / "cluster-live.png")
    expect(run.get_by_role("heading", level=1).first).to_contain_text("succeeded", timeout=2 * SLOW)
    page.screenshot(path=PICTURES / "cluster-run.png")

    run.get_by_role("button", name="Register…").click()
    form = page.get_by_role("form", name=re.compile("^Register a model of train"))
    form.get_by_label("name").fill("churn")
    form.get_by_role("button", name="Register", exact=True).click()
    page.get_by_role("button", name="Deploy churn/1…").click()
    deploy = page.get_by_role("form", name="Deploy churn/1")
    expect(deploy.get_by_role("region", name="Try-out")).to_contain_text("answered in", timeout=SLOW)
    deploy.get_by_role("button", name="Deploy to dev").click()
    calls = page.get_by_role("region", name="Call it")
    expect(calls.get_by_label("curl command", exact=True)).to_contain_text("/invocations", timeout=SLOW)
    page.get_by_role("button", name="Open endpoint churn").click()
    endpoint = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="ready churn"))
    by_hand = endpoint.get_by_role("region", name="Try it")
    by_hand.get_by_role("button", name="Predict").click()
    expect(by_hand.get_by_label("Answer", exact=True)).to_contain_text("predictions", timeout=SLOW)
    page.screenshot(path=PICTURES / "cluster-endpoint.png")

    # From a cell, in a notebook of the person's own: a panel asks the endpoint.
    token = platform.hub.token("ida")
    write(
        tmp_path / "ask.ipynb", cell('import gristmill\nasked = gristmill.panel.endpoint("churn")\nasked'), cell(ANSWER)
    )
    put(platform, "ida", token, tmp_path / "ask.ipynb")
    page.goto(f"{platform.hub.url}/user/ida/lab/tree/ask.ipynb")
    expect(page.get_by_role("tab", name="ask.ipynb")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("| Idle")).to_be_visible(timeout=SLOW)  # Lab drops what is run before
    asked = run_cell(desk, "ask.ipynb", 0)
    asked.get_by_role("button", name="Predict").click(timeout=SLOW)
    expect(asked).to_contain_text("predictions", timeout=SLOW)
    expect(run_cell(desk, "ask.ipynb", 1)).to_contain_text("predictions", timeout=SLOW)
    page.screenshot(path=PICTURES / "cluster-panel.png")
    asked.get_by_role("button", name="Delete…").click()
    asked.get_by_role("button", name="Delete", exact=True).click()
    expect(asked).to_contain_text("There is no endpoint churn", timeout=SLOW)

    other = log_in("joe")
    theirs = start(other, "joe", "small")
    expect(theirs.runs()).to_contain_text("A run is your notebook")
    answer = other.goto(f"{platform.hub.url}/user/ida/gristmill/api/runs")
    assert answer is not None
    assert answer.status in {403, 404}
