"""With jupyter-collaboration beside it: a notebook is one document that several people have open."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from gristmill.client import api
from gristmill.runs.model import RunState
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

PACKAGES = Path(__file__).with_name("collaboration.txt")


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    site = tmp_path_factory.mktemp("site")
    uv: list[str | Path] = [
        Path(sys.executable).with_name("uv"),
        "pip",
        "install",
        "--quiet",
        "--python",
        sys.executable,
    ]
    subprocess.run([*uv, "--no-deps", "--target", site, "--requirement", PACKAGES], check=True)
    folder = tmp_path_factory.mktemp("project")
    write(folder / "train.ipynb", cell("rate = 0.05", "parameters"), cell("import gristmill\ngristmill.report(r=rate)"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        patch.setenv("JUPYTER_PATH", str(site / "share" / "jupyter"))
        patch.setenv("JUPYTER_CONFIG_PATH", str(site / "etc" / "jupyter"))
        with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
            yield found


@pytest.fixture
def sit_down(lab: Lab, visitors: Callable[[], Visitor]) -> Callable[[], Desk]:
    def sit_down() -> Desk:
        person = visitors()
        person.host = urlsplit(lab.url).netloc
        page = person.context.new_page()
        page.set_viewport_size({"width": 1400, "height": 850})
        desk = Desk(page=page, lab=lab)
        desk.open("train.ipynb")
        return desk

    return sit_down


def test_what_another_person_has_typed_is_what_runs(
    sit_down: Callable[[], Desk], control_plane: ControlPlane, lab: Lab
) -> None:
    ann, bob = sit_down(), sit_down()
    assert "YDocExtension" in lab.log.read_text()
    ann.notebook("train.ipynb").locator(".jp-CodeCell").nth(0).get_by_role("textbox").fill("rate = 0.75")
    expect(bob.notebook("train.ipynb").locator(".jp-CodeCell").nth(0)).to_contain_text("0.75")
    bob.toolbar_button("train.ipynb").click()
    expect(bob.form("train.ipynb").get_by_label("rate", exact=True)).to_have_value("0.75")
    bob.press_run("train.ipynb")
    for desk in (bob, ann):
        entry = desk.runs().get_by_role("listitem").first
        expect(entry).to_contain_text("r 0.75")
    with control_plane.client() as client:
        (run,) = client.send(api.list_runs())
        assert (run.state, run.notebook, run.parameters) == (RunState.SUCCEEDED, "train.ipynb", {"rate": 0.75})


def test_a_renamed_notebook_is_the_same_notebook_to_both(sit_down: Callable[[], Desk], lab: Lab) -> None:
    ann, bob = sit_down(), sit_down()
    name = "train.ipynb"
    ann.page.get_by_role("tab", name=name, exact=True).first.click(button="right")
    ann.page.get_by_role("menuitem", name="Rename Notebook…").click()
    box = ann.page.get_by_role("dialog").get_by_role("textbox")
    box.fill("fit.ipynb")
    box.press("Enter")
    expect(bob.page.get_by_role("tab", name="fit.ipynb", exact=True).first).to_be_visible()
    bob.run("fit.ipynb")
    expect(bob.runs().get_by_role("listitem").first).to_contain_text("r 0.75")
    assert (lab.folder / "fit.ipynb").exists()
