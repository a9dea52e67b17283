"""How a notebook is run from JupyterLab: what one is told before, what is kept, and what goes on by itself."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from gristmill.client import api
from gristmill.runs.model import Run
from gristmill.secrets.model import SecretValue
from tests.browser.conftest import Visitor
from tests.browser.lab import GRISTMILL, Desk, Lab, by_palette, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

PARAMETERS = 'rate: float = 0.05  # step size\nmode: str = "all"\nsizes: list[int] = [1, 2]'
METRIC = 'import mlflow\nmlflow.log_metric("auc", 0.9 + rate / 2)'
LARGE = 51 * 10**6
# What waits longer waits for ever: the file browser, which looks every ten seconds, looks when it is told to.
NOTHING_LOOKS_BY_ITSELF = """{
    const later = window.setTimeout;
    window.setTimeout = (told, ms, ...rest) => (ms > 4000 ? 0 : later(told, ms, ...rest));
}"""


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "gristmill.yaml").write_text("")
    write(folder / "train.ipynb", cell(PARAMETERS, "parameters"), cell(METRIC))
    with control_plane.client() as client:
        client.send(api.set_secret("API_KEY", SecretValue(value="s3cret-value")))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def desk(lab: Lab, visitors: Callable[..., Visitor]) -> Desk:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


def newest(control_plane: ControlPlane) -> Run:
    with control_plane.client() as client:
        return client.send(api.list_runs(limit=1))[0]


def over(control_plane: ControlPlane, run: Run) -> Run:
    with control_plane.client() as client:
        return client.wait(run)


def shown_run(page: Page) -> Locator:
    return page.locator(".gr-Page:visible").get_by_role("heading", level=1)


def menu_of(desk: Desk, notebook: str, item: str) -> None:
    desk.notebook(notebook).get_by_role("button", name="More ways to run this notebook").click()
    desk.page.get_by_role("menuitem", name=item).click()


def test_a_form_says_before_one_asks_why_there_would_be_no_run(desk: Desk, lab: Lab) -> None:
    """It is no error, for the browser's console either."""
    (lab.folder / "shared").mkdir()
    (lab.folder / "shared" / "features.py").write_text("")
    (lab.folder / "work").mkdir()
    (lab.folder / "work" / "gristmill.yaml").write_text("")
    write(lab.folder / "work" / "apart.ipynb", cell("import sys\nsys.path.append('../shared')\nimport features"))
    refused: list[str] = []
    desk.page.on("response", lambda one: refused.append(one.url) if one.status >= 400 else None)
    desk.page.goto(lab.at("work/apart.ipynb"))
    desk.toolbar_button("apart.ipynb").click()
    form = desk.form("apart.ipynb")
    expect(form.get_by_role("alert")).to_contain_text("It cannot be run as it is")
    expect(form.get_by_role("alert")).to_contain_text("lies outside the project")
    expect(form.get_by_text("free now").first).to_be_visible()
    assert refused == []


def test_a_form_is_there_again_after_a_reload(desk: Desk) -> None:
    desk.open("train.ipynb")
    desk.toolbar_button("train.ipynb").click()
    expect(desk.form("train.ipynb").get_by_label("rate")).to_be_visible()
    desk.lab.until_kept("gristmill-run-form:train.ipynb")
    desk.page.reload()
    expect(desk.form("train.ipynb").get_by_label("rate")).to_be_visible()
    desk.press_run("train.ipynb")
    expect(shown_run(desk.page)).to_contain_text("succeeded")


def test_what_a_run_will_lack_is_told_before_and_cured_by_clicking(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    for name, size in (("raw", 2 * 10**6), ("big", LARGE)):
        (lab.folder / name).mkdir()
        (lab.folder / name / "loans.csv").write_bytes(b"x" * size)
    reads = "sizes = [len(open(f'{name}/loans.csv').read()) for name in ('raw', 'big')]"
    named = "a, b = open('raw/loans.csv'), open('big/loans.csv')"
    asks = "import gristmill\nassert gristmill.secret('API_KEY') == 's3cret-value'"
    write(lab.folder / "needy.ipynb", cell("import no_such_module_1"), cell(asks), cell(named), cell(reads))
    desk.open("needy.ipynb")
    desk.toolbar_button("needy.ipynb").click()
    form = desk.form("needy.ipynb")
    expect(form.get_by_text(re.compile(r"Python 3\S+, \d+ packages"))).to_be_visible()
    expect(form.get_by_text("Missing there: no_such_module_1 (cell 1)")).to_be_visible()
    expect(form.get_by_label("what installs it", exact=True)).to_contain_text("pip install no_such_module_1")
    desk.press_run("needy.ipynb")
    expect(form.get_by_role("alert")).to_contain_text("reads data that the run would not have")

    form.get_by_role("button", name="Use raw/ as a data root", exact=True).click()
    form.get_by_role("button", name="Use big/ as a data root", exact=True).click()
    expect(form.get_by_text("big/ (51 MB) becomes a data root")).to_be_visible()
    expect(form.get_by_text("asked for by this notebook, and not granted")).to_be_visible()
    form.get_by_label("API_KEY").check()
    desk.press_run("needy.ipynb")
    expect(form.get_by_role("alert")).to_contain_text("no_such_module_1")
    code = desk.notebook("needy.ipynb").locator(".jp-CodeCell").first.get_by_role("textbox")
    code.fill("import json")
    desk.press_run("needy.ipynb")
    expect(shown_run(desk.page)).to_contain_text("succeeded")
    run = newest(control_plane)
    assert sorted(one.at for one in run.data) == ["big", "raw"]
    assert [one.name for one in run.secrets] == ["API_KEY"]

    desk.page.get_by_role("tab", name="Run needy.ipynb").click()
    expect(form.get_by_text("Missing there")).to_be_hidden()
    expect(form.get_by_text("as a data root")).to_have_count(0)
    expect(form.locator(".gr-mod-chosen")).to_contain_text("last run")


def test_the_command_that_is_shown_makes_the_same_run(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    desk.open("train.ipynb")
    desk.toolbar_button("train.ipynb").click()
    form = desk.form("train.ipynb")
    form.get_by_label("rate").fill("0.2")
    form.get_by_label("mode").fill("it's new")
    form.get_by_label("sizes").fill("[3, 4]")
    form.get_by_role("radio").first.check()
    form.get_by_text("More: name, labels").click()
    form.get_by_label("labels").fill("team=risk")
    form.get_by_label("timeout").fill("soon")
    expect(form.get_by_role("alert")).to_have_text("expected: minutes; empty: none")
    form.get_by_label("timeout").fill("1.5")
    form.get_by_label("priority").fill("-1")
    form.get_by_label("keep kernel").fill("5")
    form.get_by_role("button", name="⌘ CLI").click()
    command = form.get_by_label("The same by the command line", exact=True).inner_text()
    desk.press_run("train.ipynb")
    expect(shown_run(desk.page)).to_contain_text("succeeded")
    clicked = newest(control_plane)
    environ = {**os.environ, "GRISTMILL_HOME": str(control_plane.home)}
    words = [str(GRISTMILL), *shlex.split(command)[1:], "--detach"]
    subprocess.run(words, cwd=lab.folder, env=environ, check=True, capture_output=True)
    typed = newest(control_plane)
    assert typed.number > clicked.number
    for what in ("parameters", "given", "profile", "labels", "timeout_s", "priority", "post_mortem_s"):
        assert getattr(typed, what) == getattr(clicked, what), what
    assert clicked.parameters == {"rate": 0.2, "mode": "it's new", "sizes": [3, 4]}
    assert (clicked.timeout_s, clicked.priority, clicked.post_mortem_s) == (90, -1, 300)


def test_by_keyboard_alone_from_the_notebook_to_the_page_of_its_run(desk: Desk, control_plane: ControlPlane) -> None:
    desk.open("train.ipynb")
    # JupyterLab takes the focus for a notebook that has just been opened, from the palette too.
    expect(desk.page.get_by_text("| Idle")).to_be_visible()
    by_palette(desk.page, "Run Notebook as Experiment…")
    form = desk.form("train.ipynb")
    expect(form.get_by_label("rate")).to_be_focused()
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.type("0.4")
    desk.page.keyboard.press("Enter")
    expect(shown_run(desk.page)).to_contain_text("succeeded")
    assert newest(control_plane).parameters["rate"] == 0.4


def test_what_is_refused_without_a_form_opens_one_that_holds_it(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    write(lab.folder / "changing.ipynb", cell("depth: int = 4", "parameters"), cell("print(depth)"))
    desk.open("changing.ipynb")
    desk.toolbar_button("changing.ipynb").click()
    form = desk.form("changing.ipynb")
    form.get_by_label("depth").fill("9")
    form.get_by_text("More: name, labels").click()
    form.get_by_label("labels").fill("try=1")
    desk.press_run("changing.ipynb")
    expect(shown_run(desk.page)).to_contain_text("succeeded")
    desk.page.get_by_role("tab", name="Run changing.ipynb").click()
    form.get_by_role("button", name="Cancel").click()
    notebook = desk.notebook("changing.ipynb")
    cells = notebook.locator(".jp-CodeCell")
    cells.nth(1).get_by_role("textbox").fill("import no_such_module_2")
    menu_of(desk, "changing.ipynb", "Run with Last Values")
    expect(form.get_by_role("alert")).to_contain_text("no_such_module_2")
    expect(form.get_by_label("depth")).to_have_value("9")
    form.get_by_text("More: name, labels").click()
    expect(form.get_by_label("labels")).to_have_value("try=1")
    # And where the values themselves do not fit any more.
    cells.nth(0).get_by_role("textbox").fill("depth: bool = True")
    menu_of(desk, "changing.ipynb", "Run with Last Values")
    expect(form.locator(".gr-Field-fault")).to_have_text("expected true or false")


def test_in_the_background_the_notebook_stays_what_is_looked_at(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    write(lab.folder / "aside.ipynb", cell("n: int = 3", "parameters"), cell("print(n)"))
    desk.open("aside.ipynb")
    menu_of(desk, "aside.ipynb", "Run in the Background")
    expect(desk.page.get_by_text(re.compile(r"aside-\d+ was started")).first).to_be_visible()
    expect(desk.page.get_by_text(re.compile(r"aside-\d+ succeeded")).first).to_be_visible()
    assert desk.page.locator(".gr-Page").count() == 0
    assert newest(control_plane).given == ()
    menu_of(desk, "aside.ipynb", "All Runs of This Notebook")
    expect(desk.runs().get_by_label("Filter runs")).to_have_value("aside.ipynb")
    expect(desk.runs().get_by_role("listitem")).to_have_count(1)


def test_a_form_goes_with_its_renamed_notebook_and_keeps_what_was_typed(
    desk: Desk, lab: Lab, control_plane: ControlPlane
) -> None:
    write(lab.folder / "before.ipynb", cell("n: int = 3", "parameters"), cell("print(n)"))
    desk.open("before.ipynb")
    desk.toolbar_button("before.ipynb").click()
    desk.form("before.ipynb").get_by_label("n", exact=True).fill("8")
    item = desk.page.locator(".jp-DirListing-item").filter(has_text="before.ipynb")
    item.click()
    desk.page.keyboard.press("F2")
    desk.page.locator(".jp-DirListing-editor").fill("after.ipynb")
    desk.page.keyboard.press("Enter")
    form = desk.form("after.ipynb")
    expect(form.get_by_label("n", exact=True)).to_have_value("8")
    expect(desk.page.get_by_role("tab", name="Run after.ipynb")).to_be_visible()
    desk.press_run("after.ipynb")
    expect(shown_run(desk.page)).to_contain_text("succeeded")
    assert (newest(control_plane).notebook, newest(control_plane).parameters) == ("after.ipynb", {"n": 8})


@pytest.fixture
def quiet(desk: Desk) -> Iterator[None]:
    parts = urlsplit(desk.lab.url)
    settings = f"{parts.scheme}://{parts.netloc}/lab/api/settings/gristmill-lab:notifications?{parts.query}"

    def save(raw: str) -> None:
        assert desk.page.request.put(settings, data={"raw": raw}).ok

    save('{"tells": "failures"}')
    yield
    save("{}")


@pytest.mark.usefixtures("quiet")
def test_who_wants_quiet_is_told_of_failures_alone(desk: Desk, lab: Lab, control_plane: ControlPlane) -> None:
    write(lab.folder / "fails.ipynb", cell("1 / 0"))
    desk.open("train.ipynb")
    menu_of(desk, "train.ipynb", "Run in the Background")
    expect(desk.page.get_by_text(re.compile(r"train-\d+ was started")).first).to_be_visible()
    succeeded = over(control_plane, newest(control_plane))
    desk.page.locator(".jp-DirListing-item").filter(has_text="fails.ipynb").dblclick()
    expect(desk.toolbar_button("fails.ipynb")).to_be_visible()
    menu_of(desk, "fails.ipynb", "Run in the Background")
    expect(desk.page.get_by_text(re.compile(r"fails-\d+ failed: ZeroDivisionError")).first).to_be_visible()
    expect(desk.entry(succeeded.name)).to_contain_text("auc")
    assert desk.page.get_by_text(f"{succeeded.name} succeeded").count() == 0


def test_a_new_user_has_a_notebook_to_run_by_one_click(desk: Desk, lab: Lab) -> None:
    desk.page.add_init_script(NOTHING_LOOKS_BY_ITSELF)
    desk.page.goto(f"{desk.lab.url}&reset")
    cards = desk.page.locator(".jp-LauncherCard")
    cards.filter(has_text="Run a Notebook…").click()
    dialog = desk.page.get_by_role("dialog")
    expect(dialog.locator(".jp-DirListing-item").filter(has_text="train.ipynb")).to_be_visible()
    assert dialog.locator(".jp-DirListing-item").filter(has_text=".yaml").count() == 0
    dialog.locator(".jp-DirListing-item").filter(has_text="train.ipynb").dblclick()
    expect(desk.form("train.ipynb").get_by_label("rate")).to_be_visible()
    desk.page.goto(f"{desk.lab.url}&reset")
    cards.filter(has_text="Open the Churn Example").click()
    listed = desk.page.locator("#filebrowser .jp-DirListing-item").filter(has_text="churn")
    expect(listed).to_be_visible()
    expect(desk.page.get_by_role("heading", name="Which customers are about to leave?")).to_be_visible()
    expect(desk.page.get_by_role("tab", name="Launcher")).to_have_count(0)
    assert (lab.folder / "churn" / "churn.parquet").is_file()
