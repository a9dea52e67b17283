"""A person on the platform, by clicking: from the log-in to a served prediction; a second one sees nothing of it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE, SCREENSHOTS
from tests.browser.hub import LogIn, people, register_and_deploy, sees_nothing, start, until_succeeded
from tests.cluster.platform import Platform

SLOW = 4 * PATIENCE


@pytest.fixture
def log_in(platform: Platform, browser: Browser) -> Iterator[LogIn]:
    with people(browser, platform.hub, "cluster") as log_in:
        yield log_in


def test_from_the_log_in_to_a_served_prediction(platform: Platform, log_in: LogIn) -> None:
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

    other = log_in("joe")
    theirs = start(other, "joe", "small", picture=SCREENSHOTS / "cluster-spawn-joe.png", patience=SLOW)
    sees_nothing(theirs, platform.hub, "ida")
