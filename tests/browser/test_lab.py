"""Notebooks are run, watched and looked into from JupyterLab, by clicking."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gristmill_lab.handlers import PREFIX
from playwright.sync_api import Browser, Response, Route, expect

from gristmill.client import api
from gristmill.runs.model import Run, RunState
from tests.browser.conftest import PATIENCE, Visitor
from tests.browser.lab import Desk, Lab, by_palette, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

PARAMETERS = """from typing import Annotated, Literal
learning_rate: float = 0.05  # step size of boosting
max_depth: int = 4  # of each tree
features: Literal["all", "numeric"] = "all"  # which columns"""
TRAINING = """for epoch in range(3):
    print("epoch", epoch)"""
METRIC = """import mlflow
mlflow.log_metric("auc", 0.9 + learning_rate / 2)"""


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    write(folder / "train.ipynb", cell(PARAMETERS, "parameters"), cell(TRAINING), cell(METRIC))
    write(folder / "failing.ipynb", cell("d = {}"), cell("x = 1\nd['no such key']\ny = 2"), cell("print('never')"))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def desk(lab: Lab, visitors: Callable[[], Visitor]) -> Desk:
    person = visitors()
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


@pytest.fixture
def visitors(lab: Lab, visitors: Callable[..., Visitor]) -> Callable[[], Visitor]:
    """People whose own server is Lab's: they reach the control plane through it alone."""

    def make() -> Visitor:
        person = visitors()
        person.host = urlsplit(lab.url).netloc
        return person

    return make


def newest(control_plane: ControlPlane) -> Run:
    with control_plane.client() as client:
        return client.send(api.list_runs(limit=1))[0]


def test_a_notebook_is_run_from_its_toolbar_and_watched_to_its_end(desk: Desk, control_plane: ControlPlane) -> None:
    desk.open("train.ipynb")
    desk.toolbar_button("train.ipynb").click()
    form = desk.form("train.ipynb")
    rate = form.get_by_label("learning_rate")
    expect(rate).to_have_value("0.05")
    expect(form.get_by_text("step size of boosting")).to_be_visible()
    expect(form.get_by_role("radio").first).to_be_visible()
    rate.fill("fast")
    expect(form.get_by_role("alert")).to_have_text("expected a number")
    expect(form.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    rate.fill("0.1")
    form.get_by_label("features").select_option("numeric")
    desk.press_run("train.ipynb")
    page = desk.page.locator(".gr-Page:visible")
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    told = desk.page.get_by_text(re.compile(r"train-\d+ succeeded: auc 0\.95")).first
    expect(told).to_be_hidden()  # the page says it, and nothing is put over it
    desk.page.get_by_title(re.compile("notification")).first.click()
    expect(told).to_be_visible()
    desk.page.keyboard.press("Escape")
    run = newest(control_plane)
    assert run.parameters == {"learning_rate": 0.1, "max_depth": 4, "features": "numeric"}
    expect(page.get_by_role("heading", name=run.name)).to_be_visible()
    expect(page.get_by_role("row", name="auc 0.95")).to_be_visible()
    expect(desk.entry(run.name)).to_contain_text("auc 0.95")
    page.get_by_role("tab", name="Notebook", exact=True).click()
    expect(page.get_by_text("epoch 2")).to_be_visible()
    page.get_by_role("tab", name="Log", exact=True).click()
    expect(page.get_by_label("Log", exact=True)).to_contain_text("epoch 1")


def test_a_failed_run_opens_at_its_error(desk: Desk) -> None:
    desk.open("failing.ipynb")
    desk.run("failing.ipynb")
    page = desk.page.locator(".gr-Page:visible")
    expect(page.get_by_role("heading", level=1)).to_contain_text("failed")
    failure = page.get_by_role("region", name="Why it failed")
    expect(failure.get_by_role("heading")).to_have_text("Cell 2: KeyError: 'no such key'")
    expect(failure.locator(".gr-mod-failed")).to_have_text("d['no such key']")
    expect(failure.locator(".gr-Failure-traceback")).to_contain_text("KeyError")
    expect(desk.runs().get_by_role("listitem").first).to_contain_text("KeyError")
    page.get_by_role("button", name="Open source at this cell").click()
    second = desk.notebook("failing.ipynb").locator(".jp-CodeCell").nth(1)
    expect(second).to_have_class(re.compile("jp-mod-active"))


def test_what_is_not_saved_yet_is_saved_and_run(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    write(lab.folder / "edited.ipynb", cell("answer = 1", "parameters"), cell("print('old')"))
    desk.open("edited.ipynb")
    code = desk.notebook("edited.ipynb").locator(".jp-CodeCell").nth(1).get_by_role("textbox")
    code.fill("print('new ' * 2)")
    desk.run("edited.ipynb")
    page = desk.page.locator(".gr-Page:visible")
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    page.get_by_role("tab", name="Notebook", exact=True).click()
    expect(page.get_by_text("new new")).to_be_visible()
    assert "new" in (lab.folder / "edited.ipynb").read_text()


def test_an_edit_of_the_parameters_cell_changes_the_form(desk: Desk, lab: Lab) -> None:
    write(lab.folder / "growing.ipynb", cell("first = 1", "parameters"))
    desk.open("growing.ipynb")
    desk.toolbar_button("growing.ipynb").click()
    form = desk.form("growing.ipynb")
    form.get_by_label("first").fill("7")
    code = desk.notebook("growing.ipynb").locator(".jp-CodeCell").first.get_by_role("textbox")
    code.fill("first = 1\nsecond = 'b'")
    expect(form.get_by_label("second")).to_have_value("b")
    expect(form.get_by_label("first")).to_have_value("7")


def test_settings_of_a_plain_notebook_become_parameters_by_one_click(desk: Desk, lab: Lab) -> None:
    write(lab.folder / "plain.ipynb", cell("import math"), cell("depth = 4\nrate = 0.1"), cell("print(depth)"))
    desk.open("plain.ipynb")
    desk.toolbar_button("plain.ipynb").click()
    form = desk.form("plain.ipynb")
    expect(form.get_by_text("Cell 2 sets depth, rate")).to_be_visible()
    form.get_by_role("button", name="Make these parameters").click()
    expect(form.get_by_label("rate")).to_have_value("0.1")


def test_each_of_two_notebooks_side_by_side_runs_itself(desk: Desk) -> None:
    desk.open("train.ipynb")
    desk.toolbar_button("train.ipynb").click()
    expect(desk.form("train.ipynb")).to_be_visible()
    # It opens where the form is: beside the first.
    desk.page.locator(".jp-DirListing-item").filter(has_text="failing.ipynb").dblclick()
    expect(desk.toolbar_button("failing.ipynb")).to_be_visible()
    expect(desk.toolbar_button("train.ipynb")).to_be_visible()
    desk.toolbar_button("train.ipynb").click()
    expect(desk.form("train.ipynb")).to_be_visible()
    assert desk.form("failing.ipynb").count() == 0
    desk.page.get_by_role("tab", name="failing.ipynb", exact=True).click()
    desk.toolbar_button("failing.ipynb").click()
    expect(desk.form("failing.ipynb")).to_be_visible()


def test_last_values_are_run_again_from_the_palette(desk: Desk, control_plane: ControlPlane) -> None:
    desk.open("train.ipynb")
    desk.toolbar_button("train.ipynb").click()
    desk.form("train.ipynb").get_by_label("max_depth").fill("7")
    desk.press_run("train.ipynb")
    expect(desk.page.locator(".gr-Page:visible").get_by_role("heading", level=1)).to_contain_text("succeeded")
    before = newest(control_plane)
    desk.page.get_by_role("tab", name="train.ipynb", exact=True).click()
    by_palette(desk.page, "Run with Last Values")
    expect(desk.page.get_by_text("was started").first).to_be_visible()
    again = newest(control_plane)
    assert again.number > before.number
    assert again.parameters["max_depth"] == 7
    expect(desk.entry(again.name)).to_contain_text("auc")


def test_a_run_is_cancelled_from_the_panel(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    write(lab.folder / "long.ipynb", cell("import time\nfor second in range(600):\n    time.sleep(1)"))
    desk.open("long.ipynb")
    desk.runs()
    desk.run("long.ipynb")
    page = desk.page.locator(".gr-Page:visible")
    expect(page.get_by_role("heading", level=1)).to_contain_text("running")
    run = newest(control_plane)
    desk.entry(run.name).get_by_role("button", name=f"Cancel {run.name}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled")
    assert newest(control_plane).state is RunState.CANCELLED


def test_a_run_page_is_there_again_after_a_reload(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    with control_plane.client() as client:
        run = client.wait(client.run(lab.folder / "train.ipynb"))
    desk.open("train.ipynb")
    desk.entry(run.name).get_by_role("button").first.click()
    expect(desk.run_page(run.name)).to_be_visible()
    desk.lab.until_kept(run.id)
    desk.page.goto(desk.lab.url)
    expect(desk.run_page(run.name)).to_be_visible()


def test_a_control_plane_that_was_killed_is_back_and_nothing_is_missed(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    with control_plane.client() as client:
        client.wait(client.run(lab.folder / "train.ipynb"))
    desk.open("train.ipynb")
    desk.runs()
    expect(desk.runs().get_by_role("listitem").first).to_be_visible()
    control_plane.kill()
    expect(desk.runs().get_by_text("Reconnecting since")).to_be_visible()
    expect(desk.runs().get_by_role("listitem").first).to_be_visible()
    expect(desk.runs().get_by_text("Reconnecting since")).to_be_hidden()
    desk.run("train.ipynb")
    expect(desk.page.locator(".gr-Page:visible").get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(desk.entry(newest(control_plane).name)).to_contain_text("auc")


def test_nothing_is_loaded_from_elsewhere_and_no_token_reaches_the_browser(
    lab: Lab, visitors: Callable[[], Visitor], control_plane: ControlPlane
) -> None:
    """Not in the page, and in no answer: addresses, headers, bodies, and what is sent with requests."""
    person = visitors()
    page = person.context.new_page()
    said: list[str] = []

    def heard(answer: Response) -> None:
        said.append(f"{answer.url} {answer.headers} {answer.request.headers}")

    def read(route: Route) -> None:
        if urlsplit(route.request.url).path.endswith(f"{PREFIX}/events"):
            route.continue_()  # it does not end
            return
        answer = route.fetch(timeout=PATIENCE)
        said.append(answer.text())
        route.fulfill(response=answer)

    page.on("response", heard)
    page.route(f"**/{PREFIX}/**", read)
    desk = Desk(page=page, lab=lab)
    try:
        desk.open("train.ipynb")
        desk.runs()
        desk.run("train.ipynb")
        expect(page.locator(".gr-Page:visible").get_by_role("heading", level=1)).to_contain_text("succeeded")
    finally:
        page.unroute_all(behavior="wait")
    with control_plane.client() as client:
        token = client.transport.credentials.token
        upstream = urlsplit(client.url).netloc
    assert any(f'"{newest(control_plane).name}"' in text for text in said)  # bodies are among it
    assert not [text for text in (page.content(), *said) if token in text or upstream in text]
    assert person.foreign == []
    assert not [text for text in said if "/lab/api/build" in text]  # which would look for Node, a second for each page


def test_the_panel_says_what_it_is_for_when_there_is_no_run(browser: Browser, tmp_path: Path) -> None:
    home, own, folder = (tmp_path / name for name in ("home", "jupyter", "project"))
    for place in (home, own, folder):
        place.mkdir()
    write(folder / "empty.ipynb", cell("print(1)"))
    plane = ControlPlane(home)
    try:
        with started(folder, home, own) as lab:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE)
            desk = Desk(page=page, lab=lab)
            desk.open("empty.ipynb")
            desk.runs().get_by_role("button", name="Run the open notebook").click()
            expect(desk.form("empty.ipynb").get_by_text("This notebook has no parameters")).to_be_visible()
            desk.page.close()
    finally:
        plane.stop()
