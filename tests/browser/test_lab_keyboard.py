"""JupyterLab with Gristmill by keyboard alone: from a form to an endpoint, and where the focus is on the way."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from gristmill.client import api
from gristmill.secrets.model import SecretValue
from tests.browser.accessibility import in_light_and_dark
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, by_palette, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

pytestmark = pytest.mark.timeout(900)

SETTINGS = "rate: float = 0.5\ndepth: int = 3"
READS = "import os\nassert os.environ['API_TOKEN'] == 's3cret-value'"
TRAIN = """\
import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame({"minutes": [0.0, 1.0, 2.0, 3.0], "plan": [1, 0, 1, 0]})
model = LogisticRegression(C=rate).fit(X, [0, 0, 1, 1])
mlflow.log_metric("auc", 0.9 + rate / 100)
how = {"pip_requirements": ["scikit-learn"], "signature": mlflow.models.infer_signature(X, model.predict(X))}
mlflow.sklearn.log_model(model, name="walk", input_example=X.head(2), **how)"""
WRONG = "{}['b']"


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "gristmill.yaml").write_text("")
    write(folder / "walk.ipynb", cell(SETTINGS, "parameters"), cell(READS), cell(TRAIN))
    write(folder / "plain.ipynb", cell("rate = 0.5\ndepth = 3"), cell("print(rate, depth)"))
    text = {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "# What goes wrong"}
    lines = "\n".join(f"# line {number}" for number in range(60))
    write(folder / "failing.ipynb", text, cell("n: int = 1", "parameters"), cell(lines), cell(WRONG), cell("n"))
    with control_plane.client() as client:
        client.send(api.set_secret("API_TOKEN", SecretValue(value="s3cret-value")))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def desk(lab: Lab, visitors: Callable[[], Visitor]) -> Desk:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


def tab_to(page: Page, wanted: Locator, most: int, key: str = "Tab") -> None:
    """Gets there with at most as many presses; what has the focus is wholly in sight then."""
    expect(wanted).to_be_visible()
    for _ in range(most + 1):
        if wanted.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press(key)
    expect(wanted, f"within {most} presses of {key}").to_be_focused()
    assert wanted.evaluate(
        """element => {
            const { left, right, top, bottom } = element.getBoundingClientRect();
            const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
            return element.contains(seen) || seen?.closest('label')?.contains(element);
        }"""
    ), "what has the focus is covered by something"


def opened(desk: Desk, notebook: str) -> None:
    """JupyterLab takes the focus for a notebook until that is ready."""
    desk.open(notebook)
    expect(desk.page.get_by_text("| Idle")).to_be_visible()


def nothing_is_lost(page: Page) -> None:
    assert page.evaluate("document.activeElement !== document.body"), "the focus is on the page as a whole"


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_from_the_form_to_an_endpoint_that_answers_and_is_deleted(desk: Desk, control_plane: ControlPlane) -> None:
    page = desk.page
    opened(desk, "walk.ipynb")
    by_palette(page, "Run Notebook as Experiment…")
    form = desk.form("walk.ipynb")
    expect(form.get_by_label("rate")).to_be_focused()

    # Who comes back to the form by the palette is where one was; what is typed keeps it from being closed.
    press(page, "Tab")
    expect(form.get_by_label("depth")).to_be_focused()
    press(page, "Control+Shift+C", "Escape")
    expect(form.get_by_label("depth")).to_be_focused()
    press(page, "Control+A")
    page.keyboard.type("4")
    press(page, "Escape")
    expect(form.get_by_label("depth")).to_have_value("4")
    desk.notebook("walk.ipynb").locator(".jp-Cell").first.click()
    by_palette(page, "Run Notebook as Experiment…")
    expect(form.get_by_label("depth")).to_be_focused()

    # A secret that the notebook reads from its environment is granted by one key, as a variable.
    expect(form.get_by_text("read from os.environ by this notebook, and not granted")).to_be_visible()
    secret = form.get_by_role("checkbox", name=re.compile("^API_TOKEN"))
    tab_to(page, secret, most=6)
    press(page, "Space")
    expect(form.get_by_role("checkbox", name='as os.environ["API_TOKEN"] too')).to_be_checked()
    tab_to(page, form.get_by_role("button", name="⌘ CLI"), most=12, key="Shift+Tab")
    press(page, "Enter")
    command = form.get_by_label("The same by the command line", exact=True)
    expect(command).to_contain_text("--secret-env API_TOKEN")
    press(page, "Escape")
    expect(command).to_be_hidden()
    expect(form.get_by_role("button", name="⌘ CLI")).to_be_focused()
    assert in_light_and_dark(page, ".gr-Form") == []

    # Nothing that has the focus is below the footer, all the way down.
    by_palette(page, "Run Notebook as Experiment…")
    tab_to(page, form.locator("summary"), most=16)
    press(page, "Enter")
    for name in ("name", "labels", "timeout", "retries", "priority", "keep kernel"):
        tab_to(page, form.get_by_label(name, exact=True), most=1)
    tab_to(page, form.get_by_role("button", name="Run", exact=True), most=2)
    press(page, "Enter")

    # The page of the run has the focus, at its heading; tabs are one stop.
    run = page.locator(".gr-Page:visible").first
    heading = run.get_by_role("heading", level=1)
    expect(heading).to_contain_text("succeeded")
    expect(heading).to_be_focused()
    run_name = (heading.inner_text()).split()[-1]
    more = run.get_by_role("button", name="More", exact=True)
    tab_to(page, more, most=8)
    press(page, "Enter")
    expect(page.locator(".lm-Menu").get_by_role("menuitem").first).to_be_focused()
    press(page, "Escape")
    expect(more).to_be_focused()

    # Registered and deployed.
    tab_to(page, run.get_by_role("button", name="Register…"), most=8, key="Shift+Tab")
    press(page, "Enter")
    register = page.get_by_role("form", name=f"Register a model of {run_name}")
    expect(register.get_by_label("name")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("button", name="Deploy walk/1…")).to_be_focused()
    press(page, "Enter")
    deploy = page.get_by_role("form", name="Deploy walk/1")
    expect(deploy.get_by_label("name")).to_be_focused()
    expect(deploy.get_by_role("region", name="Try-out")).to_contain_text("answered in", timeout=120_000)
    press(page, "Enter")
    calls = page.get_by_role("region", name="Call it")
    expect(calls.get_by_label("curl command", exact=True)).to_contain_text("/invocations", timeout=120_000)
    tab_to(page, calls.get_by_role("tab", name="curl"), most=8, key="Shift+Tab")
    press(page, "ArrowRight")
    expect(calls.get_by_role("tab", name="Python")).to_be_focused()
    with_key = calls.get_by_role("button", name="Copy with key")
    tab_to(page, with_key, most=4)
    press(page, "Enter")
    expect(calls.get_by_text("Copied")).to_be_attached()
    expect(with_key).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Open endpoint walk"), most=4)
    press(page, "Enter")

    # It is asked; the answer is in sight, and the focus stays.
    endpoint = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="ready walk"))
    expect(endpoint.get_by_role("heading", level=1)).to_be_focused()
    by_hand = endpoint.get_by_role("region", name="Try it")
    tab_to(page, by_hand.get_by_role("button", name="Predict"), most=24)
    press(page, "Enter")
    expect(by_hand.get_by_label("Answer", exact=True)).to_be_in_viewport()
    expect(by_hand.get_by_role("button", name="Predict")).to_be_focused()
    assert in_light_and_dark(page, ".gr-PageWidget:not(.lm-mod-hidden)") == []

    # Whoever deletes it says so: the dialog begins with what destroys nothing. Its page goes.
    by_palette(page, "Show Models and Endpoints")
    expect(page.get_by_label("Filter models and endpoints")).to_be_focused()
    model = page.get_by_role("treeitem", name="walk", exact=True)
    expect(model).to_be_visible()
    press(page, "ArrowDown")
    expect(model).to_be_focused()
    page.get_by_role("tab", name="walk", exact=True).click()
    tab_to(page, endpoint.get_by_role("button", name="Delete…"), most=30, key="Shift+Tab")
    press(page, "Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    press(page, "Enter")
    expect(dialog).to_be_hidden()
    expect(endpoint.get_by_role("button", name="Delete…")).to_be_focused()
    press(page, "Enter")
    tab_to(page, dialog.get_by_role("button", name="Delete endpoint walk"), most=2)
    press(page, "Enter")
    expect(page.get_by_role("tab", name="walk", exact=True)).to_have_count(0)
    page.wait_for_function("() => document.activeElement !== document.body")


def test_what_has_the_focus_and_goes_hands_it_to_what_is_next_to_it(desk: Desk) -> None:
    page = desk.page
    opened(desk, "plain.ipynb")
    assert page.get_by_text("Would you like to get notified about official Jupyter news?").count() == 0
    by_palette(page, "Run Notebook as Experiment…")
    form = desk.form("plain.ipynb")
    expect(form.get_by_role("button", name="Run", exact=True)).to_be_focused()
    tab_to(page, form.get_by_role("button", name="Make these parameters"), most=12, key="Shift+Tab")
    press(page, "Enter")
    expect(form.get_by_label("rate")).to_be_focused()
    tab_to(page, form.get_by_role("button", name="Cancel", exact=True), most=16)
    press(page, "Enter")
    expect(form).to_have_count(0)
    page.wait_for_function("() => document.activeElement !== document.body")
    by_palette(page, "Run Notebook as Experiment…")
    expect(form.get_by_label("rate")).to_be_focused()
    press(page, "Escape")  # nothing was typed
    expect(form).to_have_count(0)
    page.wait_for_function("() => document.activeElement !== document.body")
    # The menu beside the button.
    arrow = desk.notebook("plain.ipynb").get_by_role("button", name="More ways to run this notebook")
    arrow.focus()
    press(page, "Enter")
    expect(page.locator(".lm-Menu").get_by_role("menuitem").first).to_be_focused()
    press(page, "Escape")
    expect(arrow).to_be_focused()


def test_the_copy_of_a_failed_run_opens_at_what_failed_and_its_fix_is_in_sight(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    page = desk.page
    with control_plane.client() as client:
        run = client.wait(client.run(lab.folder / "failing.ipynb", {"n": 2}, post_mortem_s=1200.0))
    assert run.state == "failed"
    opened(desk, "failing.ipynb")
    by_palette(page, "Show Runs")
    expect(desk.runs().get_by_label("Filter runs")).to_be_focused()
    expect(desk.runs().locator(f".gr-Run-open[data-run='{run.name}']")).to_be_visible()
    press(page, "ArrowDown", "Enter")
    shown = desk.run_page(run.name)
    expect(shown.get_by_role("heading", level=1)).to_be_focused()
    live = shown.get_by_role("button", name=re.compile("Open with live kernel"))
    tab_to(page, live, most=20)
    press(page, "Enter")
    name = f"failing.run-{run.number}.ipynb"
    banner = page.get_by_role("region", name=f"Copy of run {run.number}")
    expect(banner).to_contain_text("at failed cell 4")
    failed = desk.notebook(name).locator(".jp-Cell.jp-mod-active")
    expect(failed).to_contain_text("['b']")
    expect(failed.locator(".jp-InputArea")).to_be_in_viewport()
    expect(failed).to_be_focused()
    press(page, "Enter", "Control+A")
    page.keyboard.type("{'b': n}['b']  # " + "far to the right " * 20)
    press(page, "Escape")
    tab_to(page, banner.get_by_role("button", name=re.compile("^Send changed cells")), most=30, key="Shift+Tab")
    press(page, "Enter")
    merge = page.get_by_role("region", name=f"Changed cells of run {run.number}")
    expect(merge.get_by_role("heading", level=1)).to_be_focused()
    expect(merge.get_by_role("group", name="Cell 4")).to_be_visible()  # as the run, its page and the copy call it
    texts = merge.locator(".gr-Diff")
    assert texts.evaluate("text => text.scrollWidth <= text.clientWidth"), "what changed would be out of sight"
    assert in_light_and_dark(page, ".gr-Merge") == []
    tab_to(page, merge.get_by_role("radio").first, most=1)
    tab_to(page, merge.get_by_role("button", name="Put 1 cell into failing.ipynb"), most=4)
    press(page, "Enter")
    changed = desk.notebook("failing.ipynb").locator(".jp-Cell.jp-mod-active")
    expect(changed).to_contain_text("{'b': n}")
    expect(changed).to_be_in_viewport()
    expect(changed).to_be_focused()

    # What holds what the next run needs is named in its form, and is let go of there.
    by_palette(page, "Run Notebook as Experiment…")
    form = desk.form("failing.ipynb")
    expect(form.get_by_label("n", exact=True)).to_be_focused()
    tab_to(page, form.get_by_role("radio", checked=True), most=3)
    press(page, "ArrowDown")  # all cores
    holders = form.get_by_role("group", name="What it would wait for")
    expect(holders).to_contain_text(f"{run.name} failed, and its kernel is kept")
    tab_to(page, holders.get_by_role("button", name=f"End kernel of {run.name}"), most=2)
    press(page, "Enter")
    expect(holders.get_by_role("button", name=f"End kernel of {run.name}")).to_have_count(0)
    page.wait_for_function("() => document.activeElement !== document.body")
    expect(holders).to_have_count(0)  # once it is gone, what it held is free


def test_rows_are_near_to_what_can_be_done_with_them(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    page = desk.page
    with control_plane.client() as client:
        runs = [client.wait(client.run(lab.folder / "plain.ipynb")) for _ in range(2)]
    opened(desk, "plain.ipynb")
    by_palette(page, "Table of Runs")
    grid = page.get_by_role("grid", name="Runs")
    expect(grid).to_be_focused()
    expect(grid.get_by_role("row", name=re.compile(runs[0].name))).to_be_visible()
    press(page, "Space", "ArrowDown", "Space")
    tab_to(page, page.get_by_role("button", name="Compare", exact=True), most=3)
    press(page, "Enter")
    compared = page.locator(".gr-Compare:visible")
    expect(compared.get_by_role("heading", level=1)).to_be_focused()
    tab_to(page, compared.get_by_role("tab", name="Table"), most=4)
    press(page, "End")
    expect(compared.get_by_role("tab", name="Environment diff")).to_be_focused()

    # The panel is one stop; arrows move in it, and up from the first leads to the filter.
    by_palette(page, "Show Runs")
    filtered = desk.runs().get_by_label("Filter runs")
    expect(filtered).to_be_focused()
    listed = desk.runs().locator(".gr-Run-open")
    expect(listed.nth(1)).to_be_visible()
    press(page, "ArrowDown", "ArrowDown")
    expect(listed.nth(1)).to_be_focused()
    assert desk.runs().locator(".gr-Run-open:not([tabindex='-1'])").count() == 1
    press(page, "ArrowUp", "ArrowUp")
    expect(filtered).to_be_focused()
    page.keyboard.type(runs[0].name)
    expect(listed).to_have_count(1)
    press(page, "ArrowDown", "Enter")
    shown = desk.run_page(runs[0].name)
    expect(shown.get_by_role("heading", level=1)).to_be_focused()
    tab_to(page, shown.get_by_role("button", name="Delete…"), most=8)
    press(page, "Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Keep")).to_be_focused()
    press(page, "Escape")
    expect(shown.get_by_role("button", name="Delete…")).to_be_focused()
    nothing_is_lost(page)
