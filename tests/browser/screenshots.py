"""The pictures of the README's tour, of the real thing: `python -m tests.browser.screenshots docs/images`.

The churn example is run, compared, registered, deployed and broken in JupyterLab, and each screen is kept as a
picture. `--theme dark` and `--narrow` are for looking at what the tour does not show.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

from gristmill.client import api
from tests.browser.accessibility import change_theme
from tests.browser.conftest import CHROMIUM, PATIENCE
from tests.browser.lab import Desk, Lab, started
from tests.integration.conftest import ControlPlane

EXAMPLE = Path(__file__).parents[2] / "notebooks" / "examples" / "churn"
NOTEBOOK = "train.ipynb"
WIDE, NARROW = (1440, 860), (900, 700)
COLOURS = 96  # of a picture that people load: a third of its size
LONG = 180_000  # milliseconds: a run of the example, on a busy machine


@dataclass(frozen=True)
class Studio:
    """Where the pictures are taken."""

    desk: Desk
    plane: ControlPlane
    keep: Callable[[str], None]

    @property
    def page(self) -> Page:
        return self.desk.page

    def settle(self) -> None:
        """Nothing is on its way. The stream of events never ends, so the network does not tell."""
        self.page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
        expect(self.page.get_by_text("looking …")).to_have_count(0)
        self.page.wait_for_function("() => document.getAnimations().every(one => one.playState !== 'running')")

    def shown(self) -> Locator:
        return self.page.locator(".gr-Page:visible")


def empty(studio: Studio) -> None:
    studio.desk.open(NOTEBOOK)
    studio.desk.runs()
    studio.keep("runs-empty")
    studio.page.locator(".lm-TabBar-tab[data-id='gristmill-models']").click()
    studio.keep("models-empty")
    menu(studio, "Table of Runs")
    studio.keep("table-empty")


def run(studio: Studio) -> None:
    desk = studio.desk
    desk.open(NOTEBOOK)
    desk.runs()
    desk.toolbar_button(NOTEBOOK).click()
    expect(desk.form(NOTEBOOK).get_by_label("learning_rate")).to_be_visible()
    studio.settle()
    studio.keep("run-form")
    desk.press_run(NOTEBOOK)
    expect(studio.shown().get_by_text("cell 7/12")).to_be_visible(timeout=LONG)
    studio.keep("run-live")
    expect(studio.shown().get_by_role("heading", level=1)).to_contain_text("succeeded", timeout=LONG)
    studio.settle()
    studio.keep("run-page")
    for name in ("Notebook", "Metrics", "Log", "Outputs", "Provenance"):
        found = studio.shown().get_by_role("tab", name=name)
        if found.count():
            found.first.click()
            studio.settle()
            studio.keep(f"run-{name.lower()}")
    # It stays beside what comes next: with what everybody's looks like, and no path of this machine.
    studio.shown().get_by_role("tab", name="Overview").click()


def compare(studio: Studio) -> None:
    folder = studio.desk.lab.folder
    with studio.plane.client() as client:
        for changes in ({"max_depth": 2}, {"learning_rate": 0.3}, {"n_estimators": 40, "max_depth": 6}):
            client.wait(client.run(folder / NOTEBOOK, changes))
    menu(studio, "Table of Runs")
    grid = studio.page.locator(".gr-RunsTable").get_by_role("grid", name="Runs")
    expect(grid.locator(".gr-Table-row[data-run]")).to_have_count(4)
    grid.focus()
    studio.page.keyboard.press("Space")
    for _ in range(3):
        studio.page.keyboard.press("Shift+ArrowDown")
    studio.keep("table")
    studio.page.get_by_role("button", name="columns").click()
    studio.keep("table-columns")
    studio.page.keyboard.press("Escape")
    studio.page.get_by_role("button", name="Compare", exact=True).click()
    compared = studio.page.locator(".gr-Compare:visible")
    expect(compared.get_by_role("heading", name="Compare 4 runs")).to_be_visible()
    studio.keep("compare")
    for name in ("Parallel coordinates", "Curves", "Notebook diff", "Environment diff"):
        compared.get_by_role("tab", name=name).click()
        studio.settle()
        if name == "Parallel coordinates":
            expect(compared.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        studio.keep(f"compare-{name.split()[0].lower()}")
    studio.page.get_by_role("tab", name="Runs", exact=True).first.click()
    studio.page.get_by_label("group").select_option("notebook")
    expect(grid.locator(".gr-mod-group").first).to_be_visible()
    studio.keep("table-groups")
    studio.page.get_by_label("group").select_option("")
    box = studio.page.get_by_role("searchbox", name="Query of runs")
    box.fill("metrics.roc_auc > 0.9 and params.max_depth =")
    box.press("Enter")
    expect(studio.page.locator(".gr-Query-fault")).to_be_visible()
    studio.keep("table-fault")
    box.fill("metrics.roc_auc > 2")
    box.press("Enter")
    expect(studio.page.get_by_text("No run is like")).to_be_visible()
    studio.keep("table-none")


def serve(studio: Studio) -> None:
    page = studio.page
    with studio.plane.client() as client:
        best = client.send(api.list_runs(metric="roc_auc"))[0]
        client.register("churn", best)
    page.locator(".lm-TabBar-tab[data-id='gristmill-models']").click()
    version = page.locator("#gristmill-models").get_by_role("treeitem", name="churn/1")
    version.click()
    shown = studio.shown().filter(has=page.get_by_role("heading", name="churn/1"))
    expect(shown).to_be_visible()
    studio.settle()
    studio.keep("model")
    shown.get_by_role("button", name="Deploy…").click()
    form = page.get_by_role("form", name="Deploy churn/1")
    expect(form.get_by_role("region", name="Try-out")).to_contain_text("answered in", timeout=LONG)
    studio.keep("deploy")
    form.get_by_role("button", name="Deploy to dev").click()
    expect(page.get_by_role("region", name="Call it").get_by_label("curl command", exact=True)).to_be_visible(
        timeout=LONG
    )
    studio.keep("deployed")
    page.get_by_role("button", name="Open endpoint churn").click()
    by_hand = page.get_by_role("region", name="Try it")
    for _ in range(5):
        by_hand.get_by_role("button", name="Predict").click()
        expect(by_hand.get_by_label("Answer", exact=True)).to_contain_text("predictions")
    studio.keep("endpoint")
    endpoint = studio.shown().filter(has=page.get_by_role("heading", name="ready churn"))
    endpoint.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("This URL stops answering at once")
    studio.keep("endpoint-delete")
    page.get_by_role("dialog").get_by_role("button").first.click()


def fail(studio: Studio) -> None:
    folder = studio.desk.lab.folder
    broken(folder / NOTEBOOK, folder / "broken.ipynb")
    studio.desk.open("broken.ipynb")
    studio.desk.run("broken.ipynb")
    heading = studio.shown().get_by_role("heading", level=1)
    expect(heading).to_contain_text("failed", timeout=LONG)
    studio.settle()
    studio.keep("failed")


def post_mortem(studio: Studio) -> None:
    """Its kernel is kept: the banner of the copy, as long as it lives and after it."""
    folder = studio.desk.lab.folder
    broken(folder / NOTEBOOK, folder / "kept.ipynb")
    with studio.plane.client() as client:
        run = client.wait(client.run(folder / "kept.ipynb", post_mortem_s=1200.0))
    studio.desk.open("kept.ipynb")
    studio.desk.entry(run.name).get_by_role("button", name=run.name).first.click()
    studio.shown().get_by_role("button", name="Open with live kernel").click()
    banner = studio.page.get_by_role("region", name=f"Copy of run {run.number}")
    expect(banner).to_contain_text("live kernel")
    studio.settle()
    studio.keep("post-mortem")
    banner.get_by_role("button", name="End kernel", exact=True).click()
    expect(banner).to_contain_text("its kernel has ended")
    studio.keep("post-mortem-ended")


def offline(studio: Studio) -> None:
    menu(studio, "Table of Runs")
    studio.plane.kill()
    expect(studio.page.locator(".gr-RunsTable").get_by_text("Reconnecting since")).to_be_visible()
    studio.keep("table-offline")
    expect(studio.page.locator(".gr-RunsTable").get_by_text("Reconnecting since")).to_be_hidden()


SCENES = (empty, run, compare, serve, fail, post_mortem, offline)


def menu(studio: Studio, entry: str) -> None:
    studio.page.get_by_role("menuitem", name="View", exact=True).click()
    studio.page.get_by_role("menuitem", name=entry).click()


def broken(source: Path, target: Path) -> None:
    """The example with a column's name misspelt."""
    content: dict[str, Any] = json.loads(source.read_text())
    cells = [one for one in content["cells"] if one["cell_type"] == "code"]
    cells[3]["source"] = "customers.groupby('internatonal_plan').size()"
    target.write_text(json.dumps(content))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--narrow", action="store_true")
    parser.add_argument("--only", metavar="PICTURE", nargs="*", help="which pictures are kept; else all are")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        base = Path(temporary)
        folder, home, own = (base / name for name in ("churn", "home", "own"))
        shutil.copytree(EXAMPLE, folder)
        home.mkdir()
        own.mkdir()
        plane = ControlPlane(home)
        stack.callback(plane.stop)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        stack.callback(browser.close)
        lab: Lab = stack.enter_context(started(folder, home, own))
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        width, height = NARROW if options.narrow else WIDE
        page.set_viewport_size({"width": width, "height": height})

        def keep(name: str) -> None:
            if options.only is None or name in options.only:
                picture = Image.open(BytesIO(page.screenshot(animations="disabled")))
                picture.convert("RGB").quantize(COLOURS).save(options.folder / f"{name}.png", optimize=True)
                sys.stdout.write(f"{options.folder / name}.png\n")

        studio = Studio(desk=Desk(page=page, lab=lab), plane=plane, keep=keep)
        if options.theme == "dark":
            studio.desk.open(NOTEBOOK)
            expect(page.get_by_text("| Idle")).to_be_visible()  # until then the notebook takes the palette's focus
            change_theme(page, "JupyterLab Dark")
        for scene in SCENES:
            scene(studio)


if __name__ == "__main__":
    main()
