"""Panels against a real control plane: from a form to an endpoint that answers, and what is refused on the way."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from gristmill_lab.widgets.endpoint_panel import EndpointPanel
from gristmill_lab.widgets.live import NAME
from gristmill_lab.widgets.model_panel import ModelPanel
from gristmill_lab.widgets.run_panel import RunPanel
from gristmill_lab.widgets.runs_panel import RunsPanel
from ipywidgets.widgets import widget

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from gristmill.environments.model import EnvironmentKind, EnvironmentRequest
from gristmill.interactive.model import InteractiveRequest
from tests.integration.cli.test_models_and_endpoints import LOG, TRAIN
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.waiting import until

CURVE = """import gristmill
for step in range(rounds):
    gristmill.report(loss=1 / (step + 1), step=step)"""
PARAMETERS = "rounds: int = 3  # from 1 to 9"


@pytest.fixture(autouse=True)
def of_this_home(control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A thread of an earlier test would ask another control plane."""
    for name, value in control_plane.environ.items():
        monkeypatch.setenv(name, value)
    yield
    until(lambda: not alive(), what="the panels' thread has ended")


def alive() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith(NAME)]


def come(what: "Future[Any]") -> Any:
    return what.result(120)


def test_from_a_form_to_an_endpoint_that_answers(notebook: WriteNotebook, client: Client) -> None:
    form = RunPanel(notebook(CURVE, TRAIN, LOG, parameters=PARAMETERS))
    states: list[str] = []
    form.observe(lambda change: states.append(change["new"]), names="state")
    with pytest.raises(ConflictError, match="no run"):
        form.register("plain")

    form.parameters = {"rounds": 4}
    come(form.start())
    until(lambda: states[-1:] == ["succeeded"], timeout=120, what="the run has succeeded")
    assert states[0] == "queued"
    assert form.run.parameters == {"rounds": 4}
    assert form.metrics["loss"] == 0.25
    until(lambda: form.figure is not None, what="its curve is there")
    assert list(form.figure.data[0].x) == [0, 1, 2, 3]

    registered = come(form.register("plain"))
    assert (form.version, registered.version) == (registered, "1")
    model = ModelPanel("plain")
    until(lambda: model.version == "1", what="the version is listed")
    come(model.deploy("plain"))
    endpoint = EndpointPanel("plain")
    until(lambda: endpoint.state == "ready" and endpoint.request, timeout=120, what="it serves")
    come(endpoint.predict())
    assert "predictions" in endpoint.answer
    endpoint.request = {"dataframe_records": [{"x": "many", "y": 0.0}]}
    with pytest.raises(InvalidInputError, match="'x'"):
        come(endpoint.predict())
    assert "Predict did not work" in endpoint._said.value
    assert endpoint.answer is None
    until(lambda: "plain" in model.fallback(), what="who serves it is told")

    come(endpoint.delete())
    until(lambda: endpoint.state == "absent", what="it is gone")
    assert "plain" not in {one.name for one in client.send(api.list_endpoints())}
    for panel in (form, model, endpoint):
        panel.close()


def test_the_list_is_live_and_what_is_ticked_can_be_deleted(notebook: WriteNotebook, client: Client) -> None:
    path = notebook(CURVE, parameters=PARAMETERS, name="listed.ipynb")
    listed = RunsPanel("notebook contains listed")
    first = client.wait(client.run(path, {"rounds": 2}))
    second = client.wait(client.run(path))
    until(lambda: [run.state for run in listed.runs] == ["succeeded"] * 2, what="both are listed")
    listed.metric = "loss"
    assert listed._plot_of is not None
    assert listed._plot_of["data"][0]["y"] == [0.5, pytest.approx(1 / 3)]

    with pytest.raises(InvalidInputError, match="no run is ticked"):
        listed.delete()
    listed.selection = (first.id,)
    assert [line._box.value for line in listed._lines] == [False, True]
    come(listed.delete())
    until(lambda: [run.id for run in listed.runs] == [second.id], what="the other one is left")
    assert not listed.selected
    listed.query = "metrics.loss >"
    until(lambda: "expected a value" in listed._fault.value, what="the query's fault is told")
    assert len(listed.runs) == 1, "what was shown stays"
    listed.query = "metrics.loss > 2"
    until(lambda: not listed.runs, what="none is like that")
    until(lambda: listed._fault.value == "", what="and its fault is told no more")
    listed.close()


def test_a_profile_that_is_not_there_and_a_value_that_is_not_allowed_are_refused(notebook: WriteNotebook) -> None:
    form = RunPanel(notebook(CURVE, parameters=PARAMETERS))
    until(lambda: form._profiles.known, what="profiles are known")
    form.profile = "huge"
    until(lambda: form.profile is None, what="it was looked for")
    assert "no profile &#x27;huge&#x27;" in form._said.value
    form.profile = "small"
    with pytest.raises(InvalidInputError, match="from 1 to 9"):
        form.parameters = {"rounds": 20}
    assert form.parameters == {"rounds": 3}
    come(form.start())
    assert form.run.profile == "small"
    until(lambda: form.run.state.final, timeout=120)
    form.close()


def test_a_run_is_called_labelled_and_put_into_an_environment_by_its_panel(
    notebook: WriteNotebook, client: Client
) -> None:
    form = RunPanel(notebook("1", name="more.ipynb"))
    until(lambda: form._environments.known, what="environments are known")
    form.environment = "heavy"
    until(lambda: form.environment is None, what="it was looked for")
    assert "no environment &#x27;heavy&#x27;" in form._said.value
    client.send(api.create_environment(EnvironmentRequest(name="light", kind=EnvironmentKind.KERNEL, source="python3")))
    form.environment = "light"
    form.options = {"name": "night", "labels": {"team": "risk"}, "timeout": 5, "retries": 1}
    run = come(form.start()).run
    assert (run.name, run.labels, run.timeout_s, run.retries) == ("night", {"team": "risk"}, 300.0, 1)
    assert run.environment is not None
    assert run.environment.name == "light"
    until(lambda: form.run.state.final, timeout=120)
    form.close()


def test_what_a_run_would_lack_becomes_a_data_root_by_a_button(notebook: WriteNotebook) -> None:
    path = notebook("print(open('sales.csv').read(5))", name="sales.ipynb")
    (path.parent / ".gitignore").write_text("sales.csv\n")
    (path.parent / "sales.csv").write_text("a,b\n1,2\n")
    form = RunPanel(path)
    with pytest.raises(InvalidInputError, match="data that the run would not have"):
        come(form.start())
    assert form._data_button.description == "Use sales.csv as a data root and run"
    assert form._data_button.layout.display == ""
    form._data_button.click()
    until(lambda: form.state == "succeeded", timeout=120, what="it had its data")
    assert form.data_roots == ("sales.csv",)
    assert form._data_button.layout.display == "none"
    form.close()


def test_a_run_that_fails_says_why(notebook: WriteNotebook) -> None:
    form = RunPanel(notebook("raise KeyError('<rows>')"))
    come(form.start())
    until(lambda: form.state == "failed", timeout=120)
    assert "KeyError: &#x27;&lt;rows&gt;" in form.fallback()
    form.close()


def test_what_is_no_notebook_is_said_at_once_and_leaves_no_widget(tmp_path: Path) -> None:
    before = len(widget._instances)
    with pytest.raises(NotFoundError, match="there is no notebook"):
        RunPanel(tmp_path / "none.ipynb")
    (tmp_path / "text.ipynb").write_text("no JSON")
    with pytest.raises(InvalidInputError):
        RunPanel(tmp_path / "text.ipynb")
    with pytest.raises(InvalidInputError, match="limit must be from 1 to 100, got 0"):
        RunsPanel(limit=0)
    assert len(widget._instances) == before


def test_a_kernels_token_gives_no_rights_of_a_person_and_the_panel_says_so(
    notebook: WriteNotebook, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = notebook("1", name="mine.ipynb")
    client.wait_for_tracking()
    session = client.send(api.start_interactive(InteractiveRequest(notebook="mine.ipynb", source=str(path))))
    monkeypatch.setenv("GRISTMILL_URL", client.url)
    monkeypatch.setenv("GRISTMILL_TOKEN", session.token)
    form, listed = RunPanel(path), RunsPanel()
    with pytest.raises(ForbiddenError, match="lacks the scope"):
        come(form.start())
    assert "Run did not work" in form._said.value
    assert "lacks the scope" in form._said.value
    until(lambda: "lacks the scope" in listed._fault.value, what="the list says why it is empty")
    assert not listed.runs
    for panel in (form, listed):
        panel.close()
    client.send(api.end_interactive(session.session.id))
    assert not [run for run in client.send(api.list_runs()) if run.notebook == "mine.ipynb"]
