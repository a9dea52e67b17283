"""People of a hub before browsers of their own, by clicking: the same on one machine and on a Kubernetes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import PATIENCE, SCREENSHOTS
from tests.browser.lab import Desk, Lab
from tests.hub import PASSWORD, Hub

LogIn = Callable[[str], Page]


@contextmanager
def people(browser: Browser, hub: Hub, pictures: str) -> Iterator[LogIn]:
    """`log_in("ada")`: by the hub's own page, as far as that leads. At the end there is a picture of what each sees."""
    contexts: list[BrowserContext] = []

    def log_in(name: str) -> Page:
        contexts.append(browser.new_context())
        contexts[-1].set_default_timeout(PATIENCE)
        page = contexts[-1].new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        logged_in(page, hub, name)
        return page

    yield log_in
    SCREENSHOTS.mkdir(exist_ok=True)
    for number, context in enumerate(contexts):
        for page in context.pages:
            page.screenshot(path=SCREENSHOTS / f"{pictures}-{number}.png")
        context.close()


def logged_in(page: Page, hub: Hub, name: str) -> None:
    """What comes next is the page of profiles."""
    page.goto(f"{hub.url}/hub/login?next=/hub/spawn")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def start(page: Page, name: str, profile: str, *, picture: Path, patience: int = PATIENCE) -> Desk:
    """Chooses a profile's card; the person's JupyterLab."""
    page.get_by_role("radio", name=re.compile(f"^{profile}")).check()
    picture.parent.mkdir(exist_ok=True)
    page.screenshot(path=picture)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(f"/user/{name}/lab"), timeout=patience)
    desk = Desk(page=page, lab=Lab(url=page.url, folder=Path(), log=Path()))
    expect(page.locator(".lm-TabBar-tab[data-id='gristmill-runs']")).to_be_visible(timeout=patience)
    return desk


def until_succeeded(desk: Desk, patience: int = PATIENCE) -> Locator:
    """The page of the run that was started last."""
    run = desk.page.locator(".gr-Page:visible")
    expect(run.get_by_role("heading", level=1).first).to_contain_text("succeeded", timeout=patience)
    return run


def register_and_deploy(desk: Desk, model: str, patience: int = PATIENCE) -> None:
    """From the page of a run to an endpoint called as the model is, and how that is called."""
    page = desk.page
    page.locator(".gr-Page:visible").get_by_role("button", name="Register…").click()
    form = page.get_by_role("form", name=re.compile("^Register a model of "))
    form.get_by_label("name").fill(model)
    form.get_by_role("button", name="Register", exact=True).click()
    page.get_by_role("button", name=f"Deploy {model}/1").first.click()
    deploy = page.get_by_role("form", name=f"Deploy {model}/1")
    expect(deploy.get_by_role("region", name="Try-out")).to_contain_text("answered in", timeout=patience)
    deploy.get_by_role("button", name="Deploy to dev").click()
    calls = page.get_by_role("region", name="Call it")
    expect(calls.get_by_label("curl command", exact=True)).to_contain_text("/invocations", timeout=patience)


def ask_by_widget(desk: Desk, notebook: Locator, patience: int = PATIENCE) -> Locator:
    """Runs the notebook's first cell, which shows the panel of an endpoint, and asks there."""
    first = notebook.locator(".jp-CodeCell").first
    first.locator(".cm-content").click()
    desk.page.keyboard.press("Control+Enter")
    panel = first.locator(".grw-Panel")
    expect(panel.get_by_text("ready")).to_be_visible(timeout=patience)
    panel.get_by_role("button", name="Predict").click()
    expect(panel.get_by_text("predictions")).to_be_visible(timeout=patience)
    return panel


def sees_nothing(desk: Desk, hub: Hub, other: str) -> None:
    """No run, no model, no endpoint, and the other one's server is closed."""
    page = desk.page
    expect(desk.runs()).to_contain_text("A run is your notebook")
    expect(desk.runs().get_by_role("listitem")).to_have_count(0)
    page.locator(".lm-TabBar-tab[data-id='gristmill-models']").click()
    models = page.locator("#gristmill-models")
    expect(models.get_by_role("button", name=re.compile("^Register a run")).last).to_be_visible()
    expect(models.get_by_role("treeitem")).to_have_count(0)
    answer = page.goto(f"{hub.url}/user/{other}/gristmill/api/runs")
    assert answer is not None
    assert answer.status in {403, 404}, answer.url
