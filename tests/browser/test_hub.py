"""Two people on a hub, by clicking: one's notebook comes to an endpoint that answers, the other sees nothing of it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SCREENSHOTS
from tests.browser.hub import LogIn, ask_by_widget, people, register_and_deploy, sees_nothing, start, until_succeeded
from tests.browser.notebooks import cell, write
from tests.hub import Hub, started
from tests.line_model import training
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

CATALOGUE = """
profiles:
  small: {cpu: 1, memory: 1 GB, default: true, description: for looking around}
  large: {cpu: 64, memory: 256 GB, rate_per_hour: 4, description: more than there is}
capacity: {cpu: 4, memory: 8 GB}
"""
TRAIN = (cell("slope: float = 2.0", "parameters"), cell(training(2.0) + "mlflow.log_metric('auc', 0.95)"))
ASK = cell('import gristmill\ngristmill.panel.endpoint("line")')


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    home = tmp_path_factory.mktemp("hub")
    (home / "profiles.yaml").write_text(CATALOGUE)
    with started(home, PROFILES=str(home / "profiles.yaml")) as found:
        yield found


@pytest.fixture
def log_in(hub: Hub, browser: Browser) -> Iterator[LogIn]:
    with people(browser, hub, "hub") as log_in:
        yield log_in


def test_from_a_notebook_to_an_endpoint_that_answers_and_the_other_one_sees_nothing_of_it(
    hub: Hub, log_in: LogIn
) -> None:
    home = hub.home / "people" / "ada"
    home.mkdir(parents=True)
    write(home / "train.ipynb", *TRAIN)
    write(home / "ask.ipynb", ASK)
    page = log_in("ada")
    expect(page.get_by_role("radio")).to_have_count(2)
    expect(page.get_by_text("Not enforced on this machine")).to_be_visible()
    # A control plane that has only just begun may not have said it in time: one looks again.
    until(lambda: page.reload() and page.get_by_text("none free now").is_visible(), what="what is free is said")
    expect(page.get_by_text("free now", exact=True)).to_be_visible()
    desk = start(page, "ada", "small", picture=SCREENSHOTS / "hub-spawn.png")
    page.get_by_role("listitem", name=re.compile("train.ipynb")).dblclick()
    desk.run("train.ipynb")
    until_succeeded(desk)
    expect(desk.runs().get_by_role("listitem").first).to_contain_text("auc 0.95")

    register_and_deploy(desk, "line")
    page.locator(".lm-TabBar-tab[data-id='filebrowser']").click()
    page.get_by_role("listitem", name=re.compile("ask.ipynb")).dblclick()
    expect(desk.toolbar_button("ask.ipynb")).to_be_visible()
    expect(page.get_by_text("| Idle")).to_be_visible()  # Lab drops what is run before
    ask_by_widget(desk, desk.notebook("ask.ipynb"))

    other = log_in("bob")
    sees_nothing(start(other, "bob", "small", picture=SCREENSHOTS / "hub-spawn.png"), hub, "ada")
