"""JupyterLab as `gristmill lab` starts it, and what a person sees and does in it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.ports import free_port
from tests.waiting import until

GRISTMILL = Path(sys.executable).with_name("gristmill")
_PAGE = re.compile(r"JupyterLab\s+(http://\S+)")


@dataclass(frozen=True)
class Lab:
    url: str  # with the token
    folder: Path
    log: Path

    def until_kept(self, text: str) -> None:
        """Returns when JupyterLab has written down where one is, and this is in it."""
        folder = self.log.parent / "jupyterlab_workspaces_dir"
        until(
            lambda: any(text in file.read_text() for file in folder.rglob("*.jupyterlab-workspace")),
            what=f"{text!r} is in the workspace",
        )

    def at(self, notebook: str) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/lab/tree/{notebook}?{parts.query}&reset"


@contextmanager
def started(folder: Path, home: Path, own: Path) -> Iterator[Lab]:
    """`gristmill lab` in this folder; settings and workspaces of its own are in `own`."""
    log = own / "lab.log"
    kept = {
        name: str(own / name.lower())
        for name in (
            *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
            *("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"),
        )
    }
    settings = Path(kept["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    # Whether there is a newer JupyterLab is not what is looked at; that news are not asked about is `gristmill lab`'s.
    (settings / "notification.jupyterlab-settings").write_text('{"checkForUpdates": false}')
    with log.open("wb") as output:
        # Two Labs that are started at once would both take the first of Gristmill's ports.
        process = subprocess.Popen(
            [GRISTMILL, "lab", "--no-browser", "--port", str(free_port()), folder],
            env={**os.environ, "GRISTMILL_HOME": str(home), **kept},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        (url, *_) = until(lambda: _PAGE.findall(log.read_text()), what="JupyterLab is up", timeout=120)
        yield Lab(url=url, folder=folder, log=log)
    finally:
        process.terminate()
        process.wait(timeout=60)


def by_palette(page: Page, command: str) -> None:
    """Runs what the palette finds first by this text, once it is that."""
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input:visible").fill(command)
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active:visible")).to_contain_text(command)
    page.keyboard.press("Enter")


@dataclass(frozen=True)
class Desk:
    """One tab of a browser with Lab in it."""

    page: Page
    lab: Lab

    def open(self, notebook: str) -> None:
        self.page.goto(self.lab.at(notebook))
        expect(self.toolbar_button(notebook)).to_be_visible()

    def toolbar_button(self, notebook: str) -> Locator:
        return self.notebook(notebook).get_by_role("button", name="Run as experiment")

    def notebook(self, name: str) -> Locator:
        """The panel with this notebook."""
        identifier = self.page.get_by_role("tab", name=name, exact=True).first.get_attribute("data-id")
        return self.page.locator(f"[id='{identifier}']")

    def form(self, notebook: str) -> Locator:
        return self.page.get_by_role("form", name=f"Run {notebook}")

    def run(self, notebook: str) -> None:
        """By the toolbar, with the form as it comes."""
        self.toolbar_button(notebook).click()
        self.press_run(notebook)

    def press_run(self, notebook: str) -> None:
        self.form(notebook).get_by_role("button", name="Run", exact=True).click()

    def runs(self) -> Locator:
        """The panel at the left."""
        panel = self.page.locator("#gristmill-runs")
        if not panel.is_visible():
            self.page.locator(".lm-TabBar-tab[data-id='gristmill-runs']").click()
        expect(panel).to_be_visible()
        return panel

    def entry(self, run: str) -> Locator:
        return self.runs().get_by_role("listitem").filter(has=self.page.locator(f"[data-run='{run}']"))

    def run_page(self, run: str) -> Locator:
        return self.page.locator(".gr-Page:visible").filter(has=self.page.get_by_role("heading", name=run))
