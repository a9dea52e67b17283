"""Two people on a hub, by clicking: one runs a notebook, the other one sees nothing of it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.lab import Desk, Lab
from tests.browser.notebooks import cell, write
from tests.hub import PASSWORD, Hub, started

CELLS = (cell("rate: float = 0.05", "parameters"), cell("import mlflow\nmlflow.log_metric('auc', 0.9 + rate)"))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with started(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture
def log_in(hub: Hub, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """By the hub's own page, which leads on to the person's JupyterLab."""
    contexts = []

    def log_in(name: str) -> Page:
        contexts.append(browser.new_context())
        contexts[-1].set_default_timeout(PATIENCE)
        page: Page = contexts[-1].new_page()
        page.set_viewport_size({"width": 1400, "height": 850})
        page.goto(f"{hub.url}/hub/login")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(f"/user/{name}/lab"), timeout=2 * PATIENCE)
        return page

    yield log_in
    for context in contexts:
        context.close()


def test_one_runs_a_notebook_and_the_other_one_sees_nothing_of_it(hub: Hub, log_in: Callable[[str], Page]) -> None:
    home = hub.home / "people" / "ada"
    home.mkdir(parents=True)
    write(home / "train.ipynb", *CELLS)
    page = log_in("ada")
    desk = Desk(page=page, lab=Lab(url=page.url, folder=home, log=hub.home / "log"))
    page.get_by_role("listitem", name=re.compile("train.ipynb")).dblclick()
    desk.run("train.ipynb")
    expect(page.locator(".gr-Page:visible").get_by_role("heading", level=1).first).to_contain_text("succeeded")
    expect(desk.runs().get_by_role("listitem").first).to_contain_text("auc 0.95")

    other = log_in("bob")
    theirs = Desk(page=other, lab=Lab(url=other.url, folder=Path(), log=hub.home / "log"))
    expect(theirs.runs()).to_contain_text("A run is your notebook")
    expect(theirs.runs().get_by_role("listitem")).to_have_count(0)
    answer = other.goto(f"{hub.url}/user/ada/gristmill/api/runs")
    assert answer is not None
    assert answer.status in {403, 404}, urlsplit(answer.url).path
