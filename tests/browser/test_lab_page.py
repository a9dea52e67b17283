"""A run's page from its first metric to its post-mortem, by clicking."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mlflow
import pytest
from playwright.sync_api import Locator, expect

from gristmill.client import api
from gristmill.interactive.model import InteractiveRequest
from gristmill.runs.model import Run, RunState
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

TRAINING = """import gristmill
from pathlib import Path
for step in range(10):
    print("epoch", step)
    gristmill.report(loss=1 / (step + 1), step=step)
gristmill.report(auc=0.5 + rate)"""
OUTPUTS = """Path("figures").mkdir()
Path("figures/dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>')
Path("scores.csv").write_text("customer,score\\nann,0.5\\nbob,0.75\\n")
Path("report.html").write_text("<h1>Report</h1><script>document.title = String(window.origin)</script>")
Path("notes.txt").write_text("a note")"""
WRONG = "x = 1\ntotal = sum(data['b'])"
FIXED = "x = 1\ntotal = sum(data['a'])"


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    write(folder / "train.ipynb", cell("rate = 0.1", "parameters"), cell(TRAINING), cell(OUTPUTS))
    write(folder / "failing.ipynb", cell("n = 3", "parameters"), cell("data = {'a': [1, 2]}"), cell(WRONG))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def desk(lab: Lab, visitors: Callable[[], Visitor]) -> Desk:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


Begin = Callable[..., Run]


@pytest.fixture
def begin(lab: Lab, control_plane: ControlPlane) -> Begin:
    """A run that was started elsewhere, by the client, and is over."""

    def run(notebook: str, **options: Any) -> Run:
        with control_plane.client() as client:
            return client.wait(client.run(lab.folder / notebook, **options))

    return run


def opened(desk: Desk, run: Run) -> Locator:
    desk.entry(run.name).get_by_role("button", name=run.name).first.click()
    page = desk.run_page(run.name)
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    return page


def tab(page: Locator, name: str) -> None:
    page.get_by_role("tab", name=re.compile(f"^{name}")).click()


def test_a_run_from_elsewhere_shows_its_metrics_log_outputs_and_where_it_came_from(
    desk: Desk, lab: Lab, begin: Begin, tmp_path: Path
) -> None:
    begin("train.ipynb")
    second = begin("train.ipynb", parameters={"rate": 0.2})
    assert second.state is RunState.SUCCEEDED
    desk.open("train.ipynb")
    chip = desk.notebook("train.ipynb").locator(".gr-LastRun")
    expect(chip).to_contain_text("succeeded")
    expect(chip).to_contain_text("loss 0.1")
    expect(chip.get_by_role("img", name=re.compile("loss over 2 runs"))).to_be_visible()
    chip.click()
    page = desk.run_page(second.name)
    expect(page.get_by_role("row", name="auc 0.7")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("cost free, held for"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Peak .* of .*"))).to_be_visible()

    tab(page, "Metrics")
    expect(page.get_by_role("figure", name="loss by step").locator(".main-svg").first).to_be_visible()
    expect(page.get_by_role("row", name="auc 0.7")).to_be_visible()
    page.get_by_role("combobox", name="by").select_option("time")
    expect(page.get_by_role("figure", name="loss by time").locator(".main-svg").first).to_be_visible()

    tab(page, "Log")
    search = page.get_by_label("Search the log")
    page.get_by_role("tab", name="Log", exact=True).press("/")
    expect(search).to_be_focused()
    search.fill("EPOCH")
    expect(page.get_by_text("1 of 10")).to_be_visible()
    search.press("Enter")
    expect(page.locator("mark.gr-mod-here")).to_have_count(1)
    expect(page.get_by_text("2 of 10")).to_be_visible()
    search.fill("epoch 7")
    page.get_by_label("only lines with it").check()
    expect(page.get_by_label("Log", exact=True)).to_have_text(re.compile(r"^\s*epoch 7\s*$"))

    outputs(desk, lab, page, second, tmp_path)

    tab(page, "Provenance")
    expect(page.get_by_role("row", name=re.compile(r"source .*train\.ipynb"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Python 3"))).to_be_visible()
    page.get_by_text(re.compile("packages of its environment")).click()
    page.get_by_label("Show only packages with this text").fill("ipykernel")
    expect(page.get_by_role("listitem").filter(has_text="ipykernel==")).to_be_visible()

    page.get_by_role("button", name="More", exact=True).click()
    with desk.page.expect_download() as caught:
        desk.page.get_by_role("menuitem", name="Download as HTML without Code").click()
    text = Path(caught.value.path()).read_text()
    assert "epoch 9" in text
    assert "mkdir" not in text

    page.get_by_role("button", name="Edit and run again…").click()
    expect(desk.form("train.ipynb").get_by_label("rate")).to_have_value("0.2")


def outputs(desk: Desk, lab: Lab, page: Locator, run: Run, folder: Path) -> None:
    tab(page, "Outputs 4")
    page.get_by_role("option", name="scores.csv").click()
    expect(page.get_by_role("row", name="bob 0.75")).to_be_visible()
    expect(page.get_by_text("2 rows · 2 columns")).to_be_visible()
    page.get_by_role("option", name="scores.csv").press("ArrowUp")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Report")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    page.get_by_role("option", name="figures/dot.svg").click()
    expect(page.get_by_role("img", name="figures/dot.svg")).to_be_visible()
    page.get_by_role("option", name="notes.txt").click()
    expect(page.get_by_text("a note")).to_be_visible()
    page.get_by_role("button", name="Copy to my folder").click()
    expect(desk.page.get_by_text("notes.txt is in your folder").first).to_be_visible()
    assert (lab.folder / "notes.txt").read_text() == "a note"
    (lab.folder / "notes.txt").write_text("my own")
    page.get_by_role("button", name="Copy to my folder").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("notes.txt")
    dialog.get_by_role("button", name="Leave them").click()
    assert (lab.folder / "notes.txt").read_text() == "my own"
    with desk.page.expect_download() as caught:
        page.get_by_role("link", name="Download all as ZIP").click()
    caught.value.save_as(folder / "all.zip")
    with zipfile.ZipFile(folder / "all.zip") as archive:
        assert set(archive.namelist()) == {"figures/dot.svg", "notes.txt", "report.html", "scores.csv"}
    assert run.name in caught.value.suggested_filename


def test_a_failed_run_is_looked_into_on_its_live_kernel_and_its_fix_goes_back_and_runs(
    desk: Desk, lab: Lab, begin: Begin, control_plane: ControlPlane
) -> None:
    run = begin("failing.ipynb", parameters={"n": 5}, post_mortem_s=1200.0)
    desk.open("failing.ipynb")
    page = opened(desk, run)
    failure = page.get_by_role("region", name="Why it failed")
    expect(failure.get_by_role("heading")).to_contain_text("KeyError: 'b'")
    failure.get_by_role("button", name=re.compile(r"Open with live kernel · 1\d min left")).click()
    banner = desk.page.get_by_role("region", name=f"Copy of run {run.number}")
    expect(banner).to_contain_text(re.compile(r"at failed cell 4.*live kernel, 1\d min left"))
    name = f"failing.run-{run.number}.ipynb"
    copy = desk.notebook(name)
    cells = copy.locator(".jp-CodeCell")
    expect(cells).to_have_count(4)  # the cell of values among them
    expect(cells.nth(3)).to_have_class(re.compile("jp-mod-active"))
    cells.nth(3).get_by_role("textbox").fill(FIXED + "\ntotal, n")
    cells.nth(3).get_by_role("textbox").press("Shift+Enter")
    expect(copy.get_by_text("(3, 5)")).to_be_visible()  # what the run had made is there

    # Meanwhile the source becomes another one.
    source = json.loads((lab.folder / "failing.ipynb").read_text())
    source["cells"][2]["source"] = WRONG + "  # mine"
    (lab.folder / "failing.ipynb").write_text(json.dumps(source))
    desk.page.get_by_role("tab", name="failing.ipynb", exact=True).click()
    desk.page.get_by_role("menuitem", name="File").click()
    desk.page.get_by_role("menuitem", name=re.compile("Reload Notebook from Disk")).click()
    dialog = desk.page.get_by_role("dialog")
    mine = desk.notebook("failing.ipynb").get_by_text("# mine")
    expect(dialog.or_(mine).first).to_be_visible()
    if dialog.is_visible():  # Lab asks where the notebook has changed
        dialog.get_by_role("button", name=re.compile("Reload|Overwrite|Revert")).click()
    expect(mine).to_be_visible()
    desk.page.get_by_role("tab", name=name, exact=True).click()
    banner.get_by_role("button", name="Send changed cells to failing.ipynb…").click()
    merge = desk.page.get_by_role("region", name=f"Changed cells of run {run.number}")
    expect(merge).to_contain_text("failing.ipynb has changed since the run")
    expect(merge.get_by_text("# mine")).to_be_visible()
    expect(merge.get_by_role("button", name=re.compile("^Put"))).to_be_disabled()
    merge.get_by_role("radio", name=re.compile("^the copy")).check()
    merge.get_by_role("button", name="Put 1 cell into failing.ipynb").click()
    expect(desk.page.get_by_text("The cell is in failing.ipynb now, and not saved yet").first).to_be_visible()
    expect(desk.notebook("failing.ipynb").get_by_text("total, n")).to_be_visible()
    assert "# mine" in (lab.folder / "failing.ipynb").read_text()  # nothing is saved unasked

    desk.page.get_by_role("tab", name=name, exact=True).click()
    columns = desk.page.locator(".lm-DockPanel-tabBar:visible")
    before = columns.count()
    banner.get_by_role("button", name="Run the fixed source").click()
    expect(desk.page.get_by_text("The cell is in failing.ipynb now, and not saved yet")).to_have_count(0, timeout=6000)
    again = desk.page.locator(".gr-Page:visible").filter(has=desk.page.get_by_role("heading", level=1))
    expect(again.get_by_role("heading", level=1).first).to_contain_text("succeeded")
    assert columns.count() == before, "what is opened from the copy has its place among the copy's tabs"
    with control_plane.client() as client:
        newest = client.send(api.list_runs(limit=1))[0]
        assert (newest.state, newest.parameters) == (RunState.SUCCEEDED, {"n": 5})
        desk.page.get_by_role("tab", name=name, exact=True).click()
        banner.get_by_role("button", name="End kernel").click()
        expect(banner).to_contain_text("its kernel has ended")
        assert all(one.run != run.id or one.kept.ending for one in client.send(api.list_kernels()))


def test_who_comes_in_the_middle_of_a_run_is_at_the_cell_that_runs_and_may_read_elsewhere(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    done = lab.folder.parent / "may-go-on"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(done)!r}).exists():\n    time.sleep(0.05)"
    lines = "\n".join(f"# line {number}" for number in range(80))
    write(lab.folder / "long.ipynb", cell(lines), cell(waits))
    with control_plane.client() as client:
        run = client.run(lab.folder / "long.ipynb")
        desk.open("long.ipynb")
        page = opened(desk, run)
        expect(page.get_by_text("cell 2/2").first).to_be_visible()
        tab(page, "Notebook")
        running = page.locator(".gr-Cell.gr-mod-running")
        expect(running).to_be_in_viewport()
        follow = page.get_by_role("button", name="Follow the running cell")
        expect(follow).to_be_hidden()
        page.get_by_role("tabpanel").hover()
        desk.page.mouse.wheel(0, -5000)
        expect(running).not_to_be_in_viewport()
        expect(follow).to_be_in_viewport()
        follow.click()
        expect(running).to_be_in_viewport()
        expect(follow).to_be_hidden()
        done.touch()
        assert client.wait(run).state is RunState.SUCCEEDED


def test_what_is_done_by_hand_is_listed_as_interactive(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    """In a project that is a folder of what Lab shows: the notebook is found where it lies."""
    notebook = lab.folder / "project" / "by-hand.ipynb"
    notebook.parent.mkdir()
    notebook.write_bytes((lab.folder / "train.ipynb").read_bytes())
    request = InteractiveRequest(notebook=notebook.name, source=str(notebook))
    with control_plane.client() as client:
        session = client.send(api.start_interactive(request))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in session.environment().items():
            patch.setenv(name, value)
        mlflow.set_tracking_uri(session.tracking_uri)
        with mlflow.start_run(experiment_id=session.session.experiment_id, run_name="by hand"):
            mlflow.log_metric("auc", 0.81)
    desk.open("train.ipynb")
    panel = desk.runs()
    panel.locator("summary").filter(has_text="Interactive").click()
    entry = panel.get_by_role("list", name="Interactive runs").get_by_role("listitem")
    expect(entry).to_contain_text("auc 0.81")
    expect(entry).to_contain_text("by hand")
    expect(entry.get_by_text("interactive", exact=True)).to_be_visible()
    entry.get_by_role("button").click()
    expect(desk.page.get_by_role("tab", name=notebook.name)).to_be_visible()
