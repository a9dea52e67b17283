"""From a run to a registered version to an endpoint that answers, in JupyterLab, by clicking."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from gristmill.client import api
from gristmill.runs.model import Run
from tests.browser.accessibility import in_light_and_dark
from tests.browser.conftest import Visitor
from tests.browser.lab import Desk, Lab, started
from tests.browser.notebooks import cell, write
from tests.integration.conftest import ControlPlane
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

PARAMETERS = "strength: float = 1.0"
TRAIN = """\
import mlflow
import pandas as pd
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame({"minutes": [0.0, 1.0, 2.0, 3.0], "plan": [1, 0, 1, 0]})
model = LogisticRegression(C=strength).fit(X, [0, 0, 1, 1])
mlflow.log_metric("auc", 0.9 + strength / 100)
how = {"pip_requirements": ["scikit-learn"], "signature": mlflow.models.infer_signature(X, model.predict(X))}
mlflow.sklearn.log_model(model, name="churn", input_example=X.head(2), **how)"""
FAULTY = """\
from helper import Doubled
model = Doubled().fit(X, [0, 0, 1, 1])
mlflow.sklearn.log_model(
    model, name="lacking", pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
)"""
HELPER = """\
from sklearn.linear_model import LogisticRegression


class Doubled(LogisticRegression):
    pass
"""


@pytest.fixture(scope="module")
def lab(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("project")
    write(folder / "churn.ipynb", cell(PARAMETERS, "parameters"), cell(TRAIN), cell(FAULTY))
    (folder / "helper.py").write_text(HELPER)
    with started(folder, control_plane.home, tmp_path_factory.mktemp("jupyter")) as found:
        yield found


@pytest.fixture(scope="module")
def trained(lab: Lab, control_plane: ControlPlane) -> tuple[Run, Run]:
    """Two runs that each logged a model that can be served, and one that cannot."""
    with control_plane.client() as client:
        runs = [client.run(lab.folder / "churn.ipynb", {"strength": strength}) for strength in (1.0, 2.0)]
        first, second = (client.wait(run) for run in runs)
    assert (first.state, second.state) == ("succeeded", "succeeded"), (first.fault, second.fault)
    return first, second


@pytest.fixture
def desk(lab: Lab, visitors: Callable[[], Visitor]) -> Desk:
    person = visitors()
    person.host = urlsplit(lab.url).netloc
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = person.context.new_page()
    page.set_viewport_size({"width": 1400, "height": 850})
    return Desk(page=page, lab=lab)


def models(desk: Desk) -> Locator:
    """The panel at the left."""
    panel = desk.page.locator("#gristmill-models")
    if not panel.is_visible():
        desk.page.locator(".lm-TabBar-tab[data-id='gristmill-models']").click()
    expect(panel).to_be_visible()
    return panel


def pasted(desk: Desk, control_plane: ControlPlane) -> str:
    """What the shell answers to what is in the clipboard."""
    command = desk.page.evaluate("navigator.clipboard.readText()")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, **control_plane.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, (command, ran.stderr)
    return ran.stdout


def test_from_a_run_to_a_version_to_an_endpoint_that_answers_and_is_deleted(
    desk: Desk, trained: tuple[Run, Run], control_plane: ControlPlane
) -> None:
    first, second = trained
    page = desk.page
    desk.open("churn.ipynb")

    # Two versions are registered, the first from the empty panel.
    models(desk).get_by_role("button", name=re.compile("^Register a run")).last.click()
    page.get_by_role("list", name="Runs that logged a model").get_by_role("button", name=first.name).click()
    form = page.get_by_role("form", name=f"Register a model of {first.name}")
    expect(form.get_by_label("name")).to_have_value("lacking")  # as it was logged; the last one first
    form.get_by_role("radio", name=re.compile("^churn ")).check()
    expect(form.get_by_label("name")).to_have_value("churn")
    form.get_by_label("name").fill("churn/1")
    expect(form.get_by_role("alert")).to_contain_text("without “/”")
    form.get_by_label("name").fill("churn")
    form.get_by_role("button", name="⌘ CLI").click()
    expect(form.get_by_label("command", exact=True)).to_have_text(
        f"gristmill models register churn --run {first.number} --model churn"
    )
    form.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("heading", name="churn/1 is registered")).to_be_visible()
    page.get_by_role("button", name="Close", exact=True).click()
    version = models(desk).get_by_role("treeitem", name="churn/1")
    expect(version).to_contain_text("auc 0.91")
    expect(version).to_contain_text(f"from {first.name}")
    with control_plane.client() as client:
        client.register("churn", second, model="churn")

    # The page of the second is beside the first.
    models(desk).get_by_role("treeitem", name="churn/2").click()
    shown = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="churn/2"))
    expect(shown.get_by_role("row", name="auc 0.92 0.91 +0.01")).to_be_visible()
    expect(shown.get_by_role("row", name="minutes double")).to_be_visible()
    expect(shown.get_by_label("Input example")).to_contain_text("dataframe_split")
    expect(shown.get_by_role("button", name=second.name).first).to_be_visible()
    shown.get_by_role("button", name="Deploy…").click()

    # It is tried out, answers with what is chosen, and goes live.
    form = page.get_by_role("form", name="Deploy churn/2")
    tried = form.get_by_role("region", name="Try-out")
    expect(tried).to_contain_text("answered in", timeout=120_000)
    expect(tried.get_by_role("radio", name="labels")).to_be_checked()
    tried.get_by_role("radio", name="probabilities").check()
    expect(form.get_by_text("replaces nothing")).to_be_visible()
    form.get_by_role("button", name="Deploy to dev").click()
    calls = page.get_by_role("region", name="Call it")
    expect(calls.get_by_label("curl command", exact=True)).to_contain_text("/invocations", timeout=120_000)

    # What is copied works as pasted; the key is in no page.
    calls.get_by_role("button", name="Copy: curl command").click()
    probabilities = json.loads(pasted(desk, control_plane))["predictions"]
    assert sum(probabilities[0]) == pytest.approx(1)
    assert "gm_e_" not in page.content()
    calls.get_by_role("tab", name="Python").click()
    calls.get_by_role("button", name="Copy with key").click()
    expect(calls.get_by_text("Copied")).to_be_attached()
    code = page.evaluate("navigator.clipboard.readText()")
    plain = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, timeout=60, check=True)
    assert b"predictions" in plain.stdout
    assert "gm_e_" not in page.content()

    # It is asked by hand.
    page.get_by_role("button", name="Open endpoint churn").click()
    page.get_by_role("tab", name="Deploy churn/2").locator(".jp-icon-hover").click()
    endpoint = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="ready churn"))
    by_hand = endpoint.get_by_role("region", name="Try it")
    expect(by_hand.get_by_label("minutes")).to_have_value("0")
    by_hand.get_by_label("plan").fill("one")
    expect(by_hand.get_by_role("alert")).to_have_text("expected a whole number")
    by_hand.get_by_label("plan").fill("1")
    by_hand.get_by_label("minutes").fill("3.5")
    by_hand.get_by_role("button", name="Predict").click()
    expect(by_hand.get_by_label("Answer", exact=True)).to_contain_text("predictions")
    traffic = endpoint.get_by_role("region", name="Traffic")
    expect(traffic.get_by_role("row", name=re.compile("answered [3-9] since"))).to_be_visible()
    expect(traffic.get_by_role("row", name=re.compile("latency p50 .* ms · p99 .* ms"))).to_be_visible()
    expect(traffic.get_by_role("row", name=re.compile("called by a key of "))).to_be_visible()
    endpoint.get_by_role("tab", name="Log").click()
    expect(endpoint.get_by_label("Log", exact=True)).to_contain_text("serves")
    entry = models(desk).get_by_role("list", name="Endpoints").get_by_role("listitem")
    expect(entry).to_contain_text("churn/2")
    expect(entry).to_contain_text("0 errors")

    # The page is there again after a reload, and the endpoint goes when it is told to.
    desk.lab.until_kept("gristmill-endpoint-page")
    page.reload()
    expect(endpoint.get_by_role("button", name="Delete…")).to_be_visible()
    endpoint.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This URL stops answering at once")
    expect(dialog).to_contain_text(re.compile(r"a key of .*, (just now|\d min ago): [3-9] requests"))
    dialog.get_by_role("button", name="Delete endpoint churn").click()
    expect(page.get_by_role("tab", name="churn", exact=True)).to_have_count(0)
    expect(models(desk).get_by_text("An endpoint is a URL")).to_be_visible()
    with control_plane.client() as client:
        assert client.send(api.list_endpoints()) == ()


def test_a_model_that_cannot_be_served_is_told_before_it_is_deployed(
    desk: Desk, trained: tuple[Run, Run], control_plane: ControlPlane
) -> None:
    with control_plane.client() as client:
        client.register("lacking", trained[0], model="lacking")
    desk.open("churn.ipynb")
    version = models(desk).get_by_role("treeitem", name="lacking/1")
    version.hover()
    version.get_by_role("button", name="Deploy lacking/1").click()
    form = desk.page.get_by_role("form", name="Deploy lacking/1")
    fault = form.get_by_role("region", name="Try-out").get_by_role("alert")
    expect(fault).to_contain_text("needs the module 'helper'", timeout=120_000)
    expect(fault).to_contain_text("code_paths")
    expect(form.get_by_role("button", name="Deploy to dev")).to_be_disabled()
    # Nothing of it is left.
    until(
        lambda: not [line for line in control_plane.processes() if "gristmill.serving" in line],
        what="the try-out's processes are gone",
    )


def test_axe_finds_no_serious_fault_on_the_way_from_a_run_to_an_endpoint(
    desk: Desk, trained: tuple[Run, Run], control_plane: ControlPlane
) -> None:
    page = desk.page
    with control_plane.client() as client:
        client.register("seen", trained[0], model="churn")
    desk.open("churn.ipynb")
    version = models(desk).get_by_role("treeitem", name="seen/1")
    expect(version).to_be_visible()
    assert in_light_and_dark(page, "#gristmill-models") == []
    version.click()
    shown = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="seen/1"))
    expect(shown.get_by_role("row", name="minutes double")).to_be_visible()
    assert in_light_and_dark(page, ".gr-Page") == []
    shown.get_by_role("button", name="Deploy…").click()
    form = page.get_by_role("form", name="Deploy seen/1")
    expect(form.get_by_role("region", name="Try-out")).to_contain_text("answered in", timeout=120_000)
    assert in_light_and_dark(page, "form[aria-label='Deploy seen/1']") == []
    form.get_by_role("button", name="Deploy to dev").click()
    expect(page.get_by_role("region", name="Call it").get_by_label("curl command", exact=True)).to_be_visible(
        timeout=120_000
    )
    page.get_by_role("button", name="Open endpoint seen").click()
    endpoint = page.locator(".gr-Page:visible").filter(has=page.get_by_role("heading", name="ready seen"))
    expect(endpoint.get_by_role("region", name="Try it").get_by_label("minutes")).to_be_visible()
    assert in_light_and_dark(page, ".gr-Page") == []
    with control_plane.client() as client:
        client.send(api.delete_endpoint("seen"))
