"""Panels in a cell: a notebook is run, its model registered, deployed and asked, and nothing blocks the kernel."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from gristmill.client import api
from tests.browser.accessibility import change_theme, in_light_and_dark
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.browser.test_lab_models import TRAIN
from tests.integration.conftest import ControlPlane
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

PARAMETERS = """\
strength: float = 1.0  # of the regularisation, from 0.1 to 9
rounds: int = 5"""
ROUNDS = """\
import gristmill, time
for step in range(rounds):
    gristmill.report(loss=1 / (step + 1), step=step)
    time.sleep(0.3)"""
RUN = 'import gristmill\npanel = gristmill.panel.run("churn.ipynb")\npanel'
BUSY = "import time\nwhile panel.state != 'succeeded':\n    time.sleep(0.1)\nprint('loss', panel.metrics['loss'])"
ENDPOINT = 'asked = gristmill.panel.endpoint("churn")\nasked'
LIST = "listed = gristmill.panel.runs()\nlisted"
ANSWER = "print(asked.answer)"


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    write(folder / "churn.ipynb", cell(PARAMETERS, "parameters"), cell(ROUNDS), cell(TRAIN))
    write(folder / "seven.ipynb", cell(RUN))
    write(folder / "work.ipynb", *(cell(source) for source in (RUN, BUSY, ENDPOINT, ANSWER)))
    write(
        folder / "list.ipynb",
        cell("import gristmill\ngristmill.panel.runs()\n"),
        cell('gristmill.panel.model("churn")'),
    )
    bare = f"import os\nos.environ['GRISTMILL_HOME'] = {str(tmp_path_factory.mktemp('nothing'))!r}\n"
    write(folder / "bare.ipynb", cell(bare + RUN), cell(LIST))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def desk(lab: Lab, visitors: Callable[[], Visitor]) -> Desk:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 1000})
    return Desk(page=page, lab=lab)


def run_cell(desk: Desk, notebook: str, number: int) -> Locator:
    """Executes the cell, from 0, and answers its output."""
    found = desk.notebook(notebook).locator(".jp-CodeCell").nth(number)
    found.locator(".cm-content").click()
    desk.page.keyboard.press("Control+Enter")
    return found.locator(".jp-Cell-outputArea")


def test_from_a_form_in_a_cell_to_an_endpoint_that_answers(desk: Desk, tmp_path: Path) -> None:
    page = desk.page
    desk.open("work.ipynb")
    expect(page.get_by_text("| Idle")).to_be_visible()  # Lab drops what is run before
    panel = run_cell(desk, "work.ipynb", 0).locator(".grw-Panel")
    expect(panel.get_by_label("strength")).to_have_value("1")

    # What is wrong stands under its field, and stays there to be put right.
    panel.get_by_label("strength").fill("20")
    panel.get_by_label("strength").press("Tab")
    expect(panel.get_by_role("alert")).to_contain_text("from 0.1 to 9")
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    panel.get_by_label("strength").fill("2.5")
    panel.get_by_label("strength").press("Tab")
    expect(panel.get_by_role("alert")).to_have_count(0)
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.get_by_text(re.compile("queued|starting|running"))).to_be_visible()

    # A cell that waits for it keeps the kernel busy, and the panel goes on.
    busy = run_cell(desk, "work.ipynb", 1)
    expect(panel.locator(".js-plotly-plot")).to_be_visible()
    expect(panel.get_by_text("succeeded")).to_be_visible()
    expect(busy).to_contain_text("loss 0.2")
    expect(panel.get_by_role("rowheader", name="auc")).to_be_visible()
    page.screenshot(path=tmp_path / "light.png")

    panel.get_by_role("button", name="Register").click()
    expect(panel.get_by_text("churn/1")).to_be_visible()
    panel.get_by_role("button", name="Deploy to dev").click()
    expect(panel.get_by_text("is told to serve it")).to_be_visible()

    asked = run_cell(desk, "work.ipynb", 2).locator(".grw-Panel")
    expect(asked.get_by_text("ready")).to_be_visible()
    expect(asked.get_by_label("request")).to_have_value(re.compile("dataframe_split"))
    asked.get_by_role("button", name="Predict").click()
    expect(asked.get_by_text("predictions")).to_be_visible()
    expect(run_cell(desk, "work.ipynb", 3)).to_contain_text("{'predictions': [")
    expect(asked.locator(".js-plotly-plot")).to_be_visible()

    faults = in_light_and_dark(page, ".grw-Panel")
    assert faults == []
    change_theme(page, "JupyterLab Dark")
    page.screenshot(path=tmp_path / "dark.png")
    page.set_viewport_size({"width": 640, "height": 1000})
    page.screenshot(path=tmp_path / "narrow.png")
    page.set_viewport_size({"width": 1400, "height": 1000})
    change_theme(page, "JupyterLab Light")

    # What is destroyed is asked about first.
    asked.get_by_role("button", name="Delete…").click()
    expect(asked.get_by_role("alert")).to_contain_text("Delete endpoint churn?")
    asked.get_by_role("button", name="Keep").click()
    asked.get_by_role("button", name="Delete…").click()
    asked.get_by_role("button", name="Delete", exact=True).click()
    expect(asked.get_by_text("There is no endpoint churn")).to_be_visible()


def test_a_kernel_without_a_persons_credentials_acts_by_who_looks_at_it_and_agrees(
    desk: Desk, control_plane: ControlPlane, tmp_path: Path
) -> None:
    page = desk.page
    desk.open("bare.ipynb")
    expect(page.get_by_text("| Idle")).to_be_visible()
    panel = run_cell(desk, "bare.ipynb", 0).locator(".grw-Panel")
    panel.get_by_label("rounds").fill("2")
    panel.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("bare.ipynb asks: Run churn.ipynb?")
    expect(dialog).to_contain_text("with rounds = 2")
    page.screenshot(path=tmp_path / "asks.png")
    page.keyboard.press("Enter")  # meant for a cell, perhaps: it agrees to nothing
    expect(panel.get_by_role("alert")).to_contain_text("You did not agree: Run churn.ipynb")
    with control_plane.client() as client:
        before = len(client.send(api.list_runs()))

    # The page is loaded again: the kernel, and what it asks, are still there.
    page.reload()
    expect(page.get_by_text("| Idle")).to_be_visible()
    panel = run_cell(desk, "bare.ipynb", 0).locator(".grw-Panel")
    panel.get_by_label("rounds").fill("2")
    panel.get_by_role("button", name="Run", exact=True).click()
    dialog.get_by_role("button", name="Run").click()
    expect(panel.get_by_text("succeeded")).to_be_visible()
    expect(panel.get_by_role("rowheader", name="loss")).to_be_visible()
    with control_plane.client() as client:
        assert len(client.send(api.list_runs())) == before + 1

    listed = run_cell(desk, "bare.ipynb", 1).locator(".grw-Panel")
    listed.get_by_role("checkbox").first.check()
    page.screenshot(path=tmp_path / "list.png")
    listed.get_by_role("button", name="Delete…").click()
    listed.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_contain_text("Delete the run churn-")
    dialog.get_by_role("button", name="Delete").click()
    expect(listed.get_by_role("checkbox")).to_have_count(before)


def test_in_notebook_7_and_without_a_kernel_the_notebook_still_tells_what_came_of_it(desk: Desk, lab: Lab) -> None:
    page = desk.page
    parts = urlsplit(lab.url)
    address = f"{parts.scheme}://{parts.netloc}/notebooks/seven.ipynb?{parts.query}"
    page.goto(address)
    expect(page.get_by_role("button", name="Run as experiment")).to_be_visible()
    # What is run before the page itself has its kernel is dropped, or the page asks in a dialog which one is meant.
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_be_visible()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    panel = page.locator(".grw-Panel")
    panel.get_by_role("button", name="Run", exact=True).press("Enter")  # by keyboard
    expect(panel.get_by_text("succeeded")).to_be_visible()
    record = page.locator("[class^='grw-of-']")
    expect(record).to_be_hidden()  # the live panel says the same
    page.keyboard.press("Control+S")
    until(lambda: "succeeded" in (lab.folder / "seven.ipynb").read_text(), what="the record is saved")

    write_without_kernel(lab.folder / "seven.ipynb", lab.folder / "read.ipynb")
    page.goto(address.replace("seven.ipynb", "read.ipynb"))
    expect(record).to_be_visible()
    expect(record).to_contain_text("succeeded")
    expect(record).to_contain_text("As of 20")


def write_without_kernel(source: Path, copy: Path) -> None:
    """The same notebook as somebody gets it who has no such kernel."""
    content = json.loads(source.read_text())
    content["metadata"]["kernelspec"]["name"] = "nowhere"
    copy.write_text(json.dumps(content))


def test_voila_shows_a_panel_as_a_page_of_its_own(
    lab: Lab, control_plane: ControlPlane, visitors: Callable[[], Visitor], tmp_path: Path
) -> None:
    port = free_port()
    options = ("--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1")
    with (tmp_path / "voila.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "voila", "seven.ipynb", *options],
            cwd=lab.folder,
            env={**os.environ, **control_plane.environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: listens(port), what="Voilà listens", timeout=120)
        page = visitors().context.new_page()
        page.set_viewport_size({"width": 900, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/")
        panel = page.locator(".grw-Panel")
        panel.get_by_label("rounds").fill("3")
        panel.get_by_role("button", name="Run", exact=True).click()
        expect(panel.get_by_text("succeeded")).to_be_visible()
        expect(panel.get_by_role("rowheader", name="loss")).to_be_visible()
        page.screenshot(path=tmp_path / "voila.png")
    finally:
        process.terminate()
        process.wait(timeout=60)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
