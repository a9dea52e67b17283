"""The copy of a failed run: what its banner offers as long as its kernel lives, and after that."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from gristmill.client import api
from gristmill.runs.model import Run, RunState
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane
from tests.line_model import registered, training

# One run at a time: what is kept after it leaves no room for another.
PROFILES = """profiles:
  whole: {cpu: 1, memory: 500 MB, default: true}
capacity: {cpu: 1, memory: 500 MB}
"""


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    home = tmp_path_factory.mktemp("home")
    (home / "profiles.yaml").write_text(PROFILES)
    plane = ControlPlane(home)
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "gristmill.yaml").write_text("")
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def desk(lab: Lab, visitors: Callable[[], Visitor]) -> Desk:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


def needed(lab: Lab) -> Path:
    return lab.folder.parent / "needed"


def failed(lab: Lab, control_plane: ControlPlane, name: str) -> Run:
    """A run of this notebook, whose kernel is kept. It needs a file that is there later."""
    write(lab.folder / name, cell("import pathlib"), cell(f"assert pathlib.Path({str(needed(lab))!r}).exists()"))
    needed(lab).unlink(missing_ok=True)
    with control_plane.client() as client:
        run = client.wait(client.run(lab.folder / name, post_mortem_s=1200.0))
    assert run.state is RunState.FAILED
    return run


def end(control_plane: ControlPlane, run: Run) -> None:
    with control_plane.client() as client:
        client.send(api.end_kernel(run.id))


def banner(desk: Desk, run: Run) -> Locator:
    return desk.page.get_by_role("region", name=f"Copy of run {run.number}")


def opened(desk: Desk, run: Run) -> None:
    desk.open(run.notebook)
    desk.entry(run.name).get_by_role("button", name=run.name).first.click()
    desk.run_page(run.name).get_by_role("button", name=re.compile("Open with live kernel")).click()
    expect(banner(desk, run)).to_contain_text("live kernel")


def test_a_kernel_that_is_in_the_way_of_the_fixed_source_is_ended_in_one_step_and_not_unasked(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    run = failed(lab, control_plane, "blocked.ipynb")
    opened(desk, run)
    needed(lab).touch()
    shown = banner(desk, run)
    expect(shown).to_contain_text("a run would wait: this kernel holds the room that it needs")
    shown.get_by_role("button", name="Run the fixed source").click()
    again = desk.page.locator(".gr-Page:visible").get_by_role("heading", level=1).first
    expect(again).to_contain_text("queued")
    with control_plane.client() as client:
        newest = client.send(api.list_runs(limit=1))[0]
        assert [one.run for one in client.send(api.list_kernels())] == [run.id], "nobody has said that it may end"
    desk.page.get_by_role("tab", name=f"blocked.run-{run.number}.ipynb", exact=True).click()
    expect(shown).to_contain_text(f"{newest.name} waits")
    shown.get_by_role("button", name="End the kernel and run").click()
    expect(again).to_contain_text("succeeded")
    desk.page.get_by_role("tab", name=f"blocked.run-{run.number}.ipynb", exact=True).click()
    expect(shown).to_contain_text("its kernel has ended")
    expect(shown.get_by_role("button", name="End the kernel and run")).to_be_hidden()


def test_a_kernel_that_is_in_the_way_of_a_try_out_is_ended_where_that_waits(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    write(lab.folder / "line.ipynb", cell(training(2.0)))
    with control_plane.client() as client:
        version = registered(client, lab.folder / "line.ipynb")
    run = failed(lab, control_plane, "in-the-way.ipynb")
    desk.page.goto(lab.url)
    desk.page.locator(".lm-TabBar-tab[data-id='gristmill-models']").click()
    desk.page.get_by_role("treeitem", name=f"line/{version}").hover()
    desk.page.get_by_role("button", name=f"Deploy line/{version}").first.click()
    tried = desk.page.get_by_role("form", name=f"Deploy line/{version}").get_by_role("region", name="Try-out")
    expect(tried.get_by_role("status")).to_contain_text("Waiting for")
    tried.get_by_role("button", name=f"End kernel of {run.name}").click()
    expect(tried).to_contain_text("answered in", timeout=120_000)


def test_a_kept_kernel_says_why_it_cannot_be_restarted(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    run = failed(lab, control_plane, "restarted.ipynb")
    try:
        opened(desk, run)
        expect(desk.page.get_by_text("| Idle")).to_be_visible()  # the status bar has it at any width
        desk.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        desk.page.get_by_role("menuitem", name="Restart Kernel and Run All Cells…").click()
        dialog = desk.page.get_by_role("dialog")
        expect(dialog).to_contain_text("This kernel cannot be restarted")
        expect(dialog).to_contain_text(f"what run {run.number} left when it failed")
        dialog.get_by_role("button").first.click()
        expect(banner(desk, run)).to_contain_text("live kernel")
    finally:
        end(control_plane, run)


def test_a_copy_whose_kernel_is_gone_opens_without_a_question(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    run = failed(lab, control_plane, "gone.ipynb")
    opened(desk, run)
    copy = f"gone.run-{run.number}.ipynb"
    expect(desk.notebook(copy).locator(".jp-CodeCell")).to_have_count(2)
    assert Path(lab.folder / copy).exists()
    end(control_plane, run)
    expect(banner(desk, run)).to_contain_text("its kernel has ended")
    desk.page.goto(lab.at(copy))
    expect(banner(desk, run)).to_contain_text("its kernel has ended")
    expect(desk.notebook(copy).get_by_title("Switch kernel")).to_contain_text("No Kernel")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
