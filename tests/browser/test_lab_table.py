"""Runs are found, ordered, labelled, deleted and compared in JupyterLab, by clicking and by keys."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from gristmill.client import api
from gristmill.core.database import Database
from gristmill.runs.model import Run, RunState
from gristmill.server.schema import upgrade
from tests.bench.listing import fill
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane
from tests.waiting import until

MANY = 3_000
TRAINING = """import mlflow
for step in range(5):
    mlflow.log_metric("loss", 1 / (step + 1) / rate, step=step)
mlflow.log_metric("score", rate)"""
CELLS = (cell("rate = 0.5\nseed = 1", "parameters"), cell(TRAINING))


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With many runs that were there before it was started."""
    plane = ControlPlane(tmp_path_factory.mktemp("home"))
    db = Database(plane.settings.database)
    upgrade(db)
    fill(db, MANY)
    db.close()
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    write(folder / "fit.ipynb", *CELLS)
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture(scope="module")
def fitted(control_plane: ControlPlane, lab: Lab, folder: Path) -> tuple[Run, ...]:
    """Two real runs; the notebook of the second has another cell."""
    with control_plane.client() as client:
        one = client.wait(client.run(folder / "fit.ipynb", {"rate": 0.5}))
        write(folder / "fit.ipynb", *CELLS, cell("print('after training')"))
        other = client.wait(client.run(folder / "fit.ipynb", {"rate": 0.8}))
    assert {one.state, other.state} == {RunState.SUCCEEDED}
    return one, other


@pytest.fixture
def page(lab: Lab, visitors: Callable[[], Visitor], fitted: tuple[Run, ...]) -> Page:
    del fitted
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    Desk(page=page, lab=lab).open("fit.ipynb")
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Table of Runs").click()
    expect(rows(page).first).to_be_visible()
    return page


def grid(page: Page) -> Locator:
    return page.locator(".gr-RunsTable").get_by_role("grid", name="Runs")


def rows(page: Page) -> Locator:
    return grid(page).locator(".gr-Table-row[data-run]")


def row(page: Page, run: Run) -> Locator:
    return grid(page).locator(f".gr-Table-rows [data-run='{run.name}']")


def ask(page: Page, query: str) -> Locator:
    box = page.get_by_role("searchbox", name="Query of runs")
    box.fill(query)
    box.press("Enter")
    return box


def status(page: Page) -> Locator:
    return page.get_by_role("toolbar", name="What is picked").get_by_role("status")


def test_the_table_opens_in_the_notebooks_column_from_beside_the_panels_filter(
    lab: Lab, visitors: Callable[[], Visitor], fitted: tuple[Run, ...]
) -> None:
    """Not in the one that a form beside the notebook has, although that was looked at last."""
    del fitted
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    desk = Desk(page=page, lab=lab)
    desk.open("fit.ipynb")
    desk.toolbar_button("fit.ipynb").click()
    form = desk.form("fit.ipynb")
    form.get_by_label("rate").click()
    desk.runs().get_by_title("Table of Runs").click()
    expect(rows(page).first).to_be_visible()
    expect(form).to_be_visible()
    table, beside = page.locator(".gr-RunsTable").bounding_box(), form.bounding_box()
    assert table is not None
    assert beside is not None
    assert table["x"] + table["width"] <= beside["x"]


def test_which_run_it_is_stays_in_sight_however_far_one_scrolls_sideways(page: Page, fitted: tuple[Run, ...]) -> None:
    page.set_viewport_size({"width": 800, "height": 700})
    name = row(page, fitted[0]).locator(".gr-Table-name")
    grid(page).evaluate("grid => { grid.scrollLeft = grid.scrollWidth; }")
    assert grid(page).evaluate("grid => grid.scrollLeft") > 0
    assert name.evaluate(
        """name => {
            const { left, top } = name.getBoundingClientRect();
            const edge = name.closest('.gr-Table').getBoundingClientRect().left;
            return left >= edge && document.elementFromPoint(left + 4, top + 4) === name;
        }"""
    ), "the run's name has gone, or is below another cell"


def test_thousands_of_runs_are_scrolled_ordered_and_grouped(page: Page, control_plane: ControlPlane) -> None:
    with control_plane.client() as client:
        total = client.send(api.count_runs()).total
    expect(status(page)).to_have_text(f"{total:,} runs")
    expect(grid(page)).to_have_attribute("aria-rowcount", str(total + 1))
    grid(page).focus()
    page.keyboard.press("End")
    expect(rows(page).last).to_have_attribute("data-run", re.compile("-00001$"))
    assert rows(page).count() < 100
    page.keyboard.press("Home")
    expect(rows(page).first).to_have_attribute("data-run", re.compile("^fit-"))
    grid(page).get_by_role("button", name="score", exact=True).click()
    expect(grid(page).get_by_role("columnheader", name="score")).to_have_attribute("aria-sort", "descending")
    expect(rows(page).first).to_contain_text("0.8")
    page.get_by_label("group").select_option("notebook")
    heads = grid(page).locator(".gr-mod-group")
    expect(heads.first).to_contain_text("fit.ipynb2 runs")
    expect(status(page)).to_have_text(f"{total:,} runs")
    grid(page).focus()
    page.keyboard.press("ArrowRight")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("0.8")


def test_a_query_is_asked_corrected_saved_and_there_after_a_reload(page: Page, lab: Lab) -> None:
    ask(page, "metrics.auc > 0.9 and params.depth =")
    fault = page.locator(".gr-Query-fault")
    expect(fault).to_contain_text("Expected a value after =, got the end.")
    expect(rows(page).first).to_be_visible()
    ask(page, "metrics.auc > 0.9 and params.depth = 6")
    expect(fault).to_be_hidden()
    expect(rows(page).first).to_contain_text("6")
    expect(status(page)).to_have_text(re.compile(r"^\d\d? runs$"))
    found = status(page).inner_text()
    assert 5 < int(found.split()[0]) < 100
    page.get_by_role("button", name="columns").click()
    page.get_by_label("owner", exact=True).check()
    page.keyboard.press("Escape")
    expect(grid(page).get_by_role("columnheader", name="owner")).to_be_visible()
    page.get_by_role("button", name="views").click()
    page.get_by_label("Name of this view").fill("deep ones")
    page.get_by_role("button", name="Save", exact=True).click()
    ask(page, "state = cancelled")
    lab.until_kept("state = cancelled")
    page.goto(lab.url)
    expect(page.get_by_role("searchbox", name="Query of runs")).to_have_value("state = cancelled")
    expect(grid(page).get_by_role("columnheader", name="owner")).to_be_visible()
    page.get_by_role("button", name="views").click()
    page.get_by_role("button", name="deep ones", exact=True).click()
    expect(page.get_by_role("searchbox", name="Query of runs")).to_have_value("metrics.auc > 0.9 and params.depth = 6")
    expect(status(page)).to_have_text(found)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    written = Path(download.value.path()).read_text().splitlines()
    assert written[0].split(",")[:3] == ["id", "state", "name"]
    assert len(written) == 1 + int(found.split()[0])
    ask(page, "nothing of it")
    expect(fault).to_contain_text("Words that belong together stand in quotes")
    ask(page, "'nothing of it'")
    page.get_by_role("button", name="Show all runs").click()
    expect(rows(page).first).to_be_visible()


def test_what_comes_while_one_reads_moves_nothing_and_a_lost_control_plane_is_told(
    page: Page, control_plane: ControlPlane, folder: Path
) -> None:
    expect(rows(page).first).to_be_visible()
    with control_plane.client() as client:
        seen = client.run(folder / "fit.ipynb", {"rate": 0.6}, name="seen-at-once")
        expect(row(page, seen)).to_be_visible()
        client.wait(seen)
    expect(row(page, seen)).to_contain_text("succeeded")
    expect(row(page, seen)).to_contain_text("0.6")
    grid(page).evaluate("node => { node.scrollTop = 28 * 1050 }")
    expect(rows(page).first).to_have_attribute("data-run", re.compile("^train-"))
    expect(grid(page).locator(".gr-mod-coming")).to_have_count(0)
    before = rows(page).nth(14).get_attribute("data-run")
    with control_plane.client() as client:
        unseen = client.wait(client.run(folder / "fit.ipynb", name="not-seen-yet"))
    fresh = page.get_by_role("button", name="1 new run", exact=True)
    expect(fresh).to_be_visible()
    assert rows(page).nth(14).get_attribute("data-run") == before
    fresh.click()
    expect(row(page, unseen)).to_be_visible()
    control_plane.kill()
    table = page.locator(".gr-RunsTable")
    expect(table.get_by_text("Reconnecting since")).to_be_visible()
    expect(row(page, unseen)).to_be_visible()
    expect(table.get_by_text("Reconnecting since")).to_be_hidden()


def test_runs_are_labelled_held_against_a_baseline_and_deleted(
    page: Page, control_plane: ControlPlane, folder: Path
) -> None:
    with control_plane.client() as client:
        runs = [
            client.wait(client.run(folder / "fit.ipynb", {"rate": rate}, name=f"base-{place}"))
            for place, rate in (("one", 0.25), ("two", 0.75))
        ]
        until(lambda: not client.send(api.status()).runs, what="nothing of them lives: they can be deleted")
    ask(page, "name like base-%")
    expect(rows(page)).to_have_count(2)
    grid(page).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    expect(status(page)).to_have_text("2 runs, 2 selected")
    page.get_by_role("button", name="Label…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Label").fill("stage")
    dialog.get_by_label("Value").fill("candidate")
    dialog.get_by_role("button", name="Set label").click()
    expect(page.get_by_text("2 runs are labelled stage: candidate").first).to_be_visible()
    ask(page, "labels.stage = candidate")
    expect(rows(page)).to_have_count(2)
    with control_plane.client() as client:
        assert [client.send(api.get_run(run.id)).run.labels for run in runs] == [{"stage": "candidate"}] * 2
    page.get_by_role("button", name="Clear", exact=True).click()
    row(page, runs[0]).get_by_role("checkbox").check()
    page.get_by_role("button", name="Pin as baseline").click()
    expect(row(page, runs[1])).to_contain_text("0.75+0.5")
    row(page, runs[1]).get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete…").click()
    expect(dialog).to_contain_text("base-one, base-two")
    dialog.get_by_role("button", name="Delete 2 runs").click()
    expect(page.get_by_text("No run is like")).to_be_visible()
    with control_plane.client() as client:
        assert client.send(api.list_runs(query="name like base-%")) == ()


def test_runs_are_compared_and_a_link_leads_to_the_comparison(
    page: Page, lab: Lab, fitted: tuple[Run, ...], visitors: Callable[[], Visitor]
) -> None:
    one, other = fitted
    ask(page, f"name in ({one.name}, {other.name})")
    expect(rows(page)).to_have_count(2)
    for run in (one, other):
        row(page, run).get_by_role("checkbox").check()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Compare", exact=True).click()
    compared = page.locator(".gr-Compare:visible")
    expect(compared.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    expect(compared.get_by_role("row", name=re.compile("^rate 0.5 0.8"))).to_be_visible()
    expect(compared.get_by_role("button", name="1 equal parameter")).to_be_visible()
    best = compared.locator(".gr-mod-best")
    expect(best).to_have_text([re.compile("^0.25"), re.compile("^0.8")])
    compared.get_by_role("button", name="score: more is better").click()
    expect(best.nth(1)).to_have_text(re.compile("^0.5"))
    compared.get_by_role("tab", name="Parallel coordinates").click()
    expect(compared.locator(".js-plotly-plot .legendtext")).to_have_text([one.name, other.name])
    compared.get_by_role("tab", name="Curves").click()
    expect(compared.locator(".js-plotly-plot .gtitle")).to_have_text("loss")
    compared.get_by_role("tab", name="Notebook diff").click()
    expect(compared.get_by_text("+ print('after training')")).to_be_visible()
    expect(compared.get_by_role("button", name="2 equal cells")).to_be_visible()
    compared.get_by_role("tab", name="Environment diff").click()
    expect(compared.get_by_role("button", name=re.compile("equal packages"))).to_be_visible()
    with page.expect_download() as download:
        compared.get_by_role("button", name="CSV").click()
    assert f",,{one.name},{other.name}" in Path(download.value.path()).read_text()
    compared.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("The link to this comparison is copied").first).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert {one.id, other.id} <= set(re.split(r"[=,]|%2C", link))
    token = urlsplit(lab.url).query
    page.goto(f"{link}&{token}&reset")
    expect(page.locator(".gr-Compare:visible").get_by_role("row", name=re.compile("^rate 0.5 0.8"))).to_be_visible()
    assert "gristmill-compare" not in page.url
