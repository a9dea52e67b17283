"""MLflow's pages from JupyterLab: behind its login, each where one looks for it."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from gristmill.runs.model import Run, RunState
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane

MODEL = """import mlflow
from sklearn.dummy import DummyClassifier
mlflow.sklearn.log_model(DummyClassifier().fit([[0], [1]], [0, 1]), name="model", input_example=[[0]])
mlflow.log_metric("answer", 42)"""


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "gristmill.yaml").write_text("")
    write(folder / "model.ipynb", cell(MODEL))
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture
def person(lab: Lab, visitors: Callable[[], Visitor]) -> Visitor:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    return person


@pytest.fixture
def desk(lab: Lab, person: Visitor) -> Desk:
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


@pytest.fixture(scope="module")
def run(lab: Lab, control_plane: ControlPlane) -> Run:
    with control_plane.client() as client:
        ran = client.wait(client.run(lab.folder / "model.ipynb", name="seen-in-lab"))
        client.register("dummy", ran)
    assert ran.state is RunState.SUCCEEDED
    return ran


def in_a_new_tab(desk: Desk, press: Callable[[], None]) -> Page:
    with desk.page.context.expect_page() as caught:
        press()
    return caught.value


def test_a_run_opens_in_mlflow_and_can_be_changed_there(desk: Desk, person: Visitor, run: Run) -> None:
    desk.open("model.ipynb")
    desk.entry(run.name).get_by_role("button", name=run.name).first.click()
    page = desk.run_page(run.name)
    page.get_by_role("tab", name="Provenance").click()
    mlflow = in_a_new_tab(desk, page.get_by_role("link", name="Open in MLflow").click)
    expect(mlflow).to_have_url(re.compile(r"/gristmill/mlflow/#/experiments/\d+/runs/"))
    expect(mlflow.get_by_text(run.name).first).to_be_visible()
    expect(mlflow.get_by_text("answer").first).to_be_visible()
    status = mlflow.evaluate(
        """async () => {
            const run_id = location.hash.split('/runs/')[1].split('/')[0];
            const body = JSON.stringify({run_id, key: 'seen', value: 'yes'});
            const headers = {'Content-Type': 'application/json'};
            return (await fetch('ajax-api/2.0/mlflow/runs/set-tag', {method: 'POST', body, headers})).status;
        }"""
    )
    assert status == 200, "what MLflow's own scripts send is taken"
    assert person.foreign == []


def test_nothing_that_gets_into_mlflows_page_runs_as_a_script(desk: Desk, run: Run) -> None:
    desk.open("model.ipynb")
    desk.page.get_by_role("menuitem", name="View", exact=True).click()
    mlflow = in_a_new_tab(desk, desk.page.get_by_role("menuitem", name="MLflow", exact=True).click)
    expect(mlflow.get_by_text("Experiments").first).to_be_visible()
    harmed = mlflow.evaluate(
        """() => new Promise(done => {
            let refused = 0;
            document.addEventListener('securitypolicyviolation', () => {
                refused += 1;
                if (refused === 2) done(window.harmed ?? null);
            });
            document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.harmed = 1">');
            document.body.append(Object.assign(document.createElement('script'), {text: 'window.harmed = 1'}));
        })"""
    )
    assert harmed is None


def test_a_version_opens_in_mlflow(desk: Desk, run: Run) -> None:
    desk.open("model.ipynb")
    desk.page.locator(".lm-TabBar-tab[data-id='gristmill-models']").click()
    desk.page.locator("#gristmill-models").get_by_role("treeitem", name="dummy/1").click()
    shown = desk.page.locator(".gr-Page:visible")
    mlflow = in_a_new_tab(desk, shown.get_by_role("link", name="Open in MLflow").click)
    expect(mlflow.get_by_text("Version 1").first).to_be_visible()


def test_who_is_not_logged_in_gets_nothing_of_it(lab: Lab, visitors: Callable[[], Visitor], run: Run) -> None:
    stranger = visitors().context
    parts = urlsplit(lab.url)
    for path in ("mlflow/", f"runs/{run.number}/mlflow", "mlflow/ajax-api/2.0/mlflow/experiments/get?experiment_id=0"):
        answer = stranger.request.get(f"{parts.scheme}://{parts.netloc}/gristmill/{path}", max_redirects=0)
        assert answer.status == 403, path
