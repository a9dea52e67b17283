"""The conditions that an interface must stand: several tabs, Notebook 7, themes, a server that lacks its half."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from gristmill.client import api
from gristmill.runs.model import Run
from tests.browser.accessibility import in_light_and_dark
from tests.browser.conftest import PATIENCE, Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

PARAMETERS = 'rate: float = 0.05  # step size\nmode: str = "all"'
METRIC = 'import mlflow\nmlflow.log_metric("auc", 0.9 + rate / 2)'
TABS = 7  # one more than a browser has connections to a server


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "gristmill.yaml").write_text("")
    write(folder / "train.ipynb", cell(PARAMETERS, "parameters"), cell(METRIC))
    write(folder / "failing.ipynb", cell("x = 1\n{}['no such key']"))
    write(folder / "needy.ipynb", cell("import gristmill, no_such_module_1\ngristmill.secret('GONE')"))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def person(lab: Lab, visitors: Callable[..., Visitor]) -> Visitor:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    return person


@pytest.fixture
def desk(lab: Lab, person: Visitor) -> Desk:
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


def newest(control_plane: ControlPlane) -> Run:
    with control_plane.client() as client:
        return client.send(api.list_runs(limit=1))[0]


def is_stream(url: str) -> bool:
    return urlsplit(url).path.endswith("/gristmill/events")


def run_form(desk: Desk) -> None:
    desk.open("needy.ipynb")
    desk.toolbar_button("needy.ipynb").click()
    form = desk.form("needy.ipynb")
    expect(form.get_by_text("Missing there")).to_be_visible()
    form.get_by_text("More: name, labels").click()
    form.get_by_label("timeout").fill("soon")
    form.get_by_role("button", name="⌘ CLI").click()


def runs_panel(desk: Desk) -> None:
    desk.open("train.ipynb")
    desk.run("train.ipynb")
    expect(desk.runs().get_by_role("listitem").first).to_contain_text("auc")


def page_of_a_failed_run(desk: Desk) -> None:
    desk.open("failing.ipynb")
    desk.run("failing.ipynb")
    expect(desk.page.locator(".gr-Page:visible").get_by_text("KeyError").first).to_be_visible()


def runs_table(desk: Desk) -> None:
    desk.open("train.ipynb")
    for _ in range(2):
        desk.run("train.ipynb")
        expect(desk.page.locator(".gr-Page:visible").get_by_role("heading", level=1)).to_contain_text("succeeded")
    desk.page.get_by_role("menuitem", name="View", exact=True).click()
    desk.page.get_by_role("menuitem", name="Table of Runs").click()
    grid = desk.page.locator(".gr-RunsTable").get_by_role("grid", name="Runs")
    expect(grid.get_by_role("button", name="auc", exact=True)).to_be_visible()
    grid.focus()
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("Shift+ArrowDown")


def comparison(desk: Desk) -> None:
    runs_table(desk)
    desk.page.get_by_role("button", name="Compare", exact=True).click()
    expect(desk.page.locator(".gr-Compare:visible").get_by_role("heading", name="Compare 2 runs")).to_be_visible()


# What is looked at, how one comes there, and which part of the page is ours.
SCREENS = (
    ("run form", run_form, ".gr-FormWidget"),
    ("runs panel", runs_panel, "#gristmill-runs"),
    ("run page", page_of_a_failed_run, ".gr-PageWidget"),
    ("runs table", runs_table, ".gr-RunsTable"),
    ("comparison", comparison, ".gr-Compare"),
)


@pytest.mark.parametrize(("come", "part"), [screen[1:] for screen in SCREENS], ids=[screen[0] for screen in SCREENS])
def test_axe_finds_no_serious_fault_in_light_and_dark(desk: Desk, come: Callable[[Desk], None], part: str) -> None:
    come(desk)
    assert in_light_and_dark(desk.page, part) == []


def test_all_tabs_of_a_browser_share_one_stream_and_none_misses_what_happens(
    person: Visitor, lab: Lab, control_plane: ControlPlane
) -> None:
    streams: list[Page] = []
    tabs = []
    person.context.on("request", lambda asked: streams.append(asked.frame.page) if is_stream(asked.url) else None)
    for _ in range(TABS):
        page = person.context.new_page()
        page.goto(f"{lab.url}&reset")
        desk = Desk(page=page, lab=lab)
        expect(desk.runs().get_by_label("Filter runs")).to_be_visible()
        tabs.append(desk)
    assert len(streams) == 1
    with control_plane.client() as client:
        first = client.run(lab.folder / "train.ipynb", name="for-all-tabs")
        for desk in tabs:
            expect(desk.entry(first.name)).to_contain_text("auc")
        reader = streams[0]
        reader.close()
        rest = [desk for desk in tabs if desk.page is not reader]
        second = client.run(lab.folder / "train.ipynb", name="for-the-rest")
        for desk in rest:
            expect(desk.entry(second.name)).to_contain_text("auc")
    assert len(streams) == 2


def test_a_control_plane_killed_in_the_middle_of_a_run_takes_nothing_of_it(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    go = lab.folder / "go"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.1)"
    write(lab.folder / "long.ipynb", cell("print('begun')"), cell(waits), cell("print('done')"))
    desk.open("long.ipynb")
    desk.runs()
    desk.run("long.ipynb")
    page = desk.page.locator(".gr-Page:visible")
    expect(page.get_by_text("cell 2/3")).to_be_visible()
    control_plane.kill()
    expect(page.get_by_text("Reconnecting since")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("running")
    go.touch()
    expect(page.get_by_text("Reconnecting since")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    page.get_by_role("tab", name="Log", exact=True).click()
    expect(page.get_by_label("Log", exact=True)).to_have_text(re.compile("begun\\s*done"))


def test_in_notebook_7_a_notebook_runs_and_its_page_stands_beside_it(
    person: Visitor, lab: Lab, control_plane: ControlPlane
) -> None:
    page = person.context.new_page()
    parts = urlsplit(lab.url)
    page.goto(f"{parts.scheme}://{parts.netloc}/notebooks/train.ipynb?{parts.query}")
    page.get_by_role("button", name="Run as experiment").click()
    form = page.get_by_role("form", name="Run train.ipynb")
    form.get_by_label("rate").fill("0.2")
    form.get_by_role("button", name="Run", exact=True).click()
    shown = page.locator(".gr-Page:visible")
    expect(shown.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    assert newest(control_plane).parameters["rate"] == 0.2


def test_a_server_without_its_half_says_so_wherever_one_looks(browser: Browser, tmp_path: Path) -> None:
    home, own, folder = (tmp_path / name for name in ("home", "jupyter", "project"))
    config = own / "jupyter_config_dir"
    for place in (home, folder, config):
        place.mkdir(parents=True)
    off = {"ServerApp": {"jpserver_extensions": {"gristmill_lab": False}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(off))
    write(folder / "train.ipynb", cell(PARAMETERS, "parameters"))
    plane = ControlPlane(home)
    try:
        with started(folder, home, own) as lab:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE)
            desk = Desk(page=page, lab=lab)
            desk.open("train.ipynb")
            expect(desk.runs().get_by_text("This Jupyter server lacks its half of Gristmill").first).to_be_visible()
            desk.toolbar_button("train.ipynb").click()
            problem = desk.page.locator(".gr-Form").get_by_role("alert")
            expect(problem).to_contain_text("lacks its half of Gristmill")
            expect(problem).to_contain_text("Install gristmill[lab]")
            desk.page.close()
    finally:
        plane.stop()
