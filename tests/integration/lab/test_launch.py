"""What the form sends becomes a run of a real control plane, or is refused with what can be done."""

import sysconfig
import venv
from pathlib import Path

import pytest
from gristmill_lab.control_plane import ControlPlane as Known
from gristmill_lab.launch import RunOrder, launch
from gristmill_lab.preflight import OwnVenv, PreflightOrder, preflight, use_venv

from gristmill.client import api
from gristmill.client.call import Call, call
from gristmill.client.client import Client
from gristmill.core.errors import InvalidInputError, NotFoundError, UnavailableError
from gristmill.runs.model import Run
from tests.integration.conftest import ControlPlane, WriteNotebook


def test_a_notebook_becomes_a_run_with_the_values_of_the_form(client: Client, notebook: WriteNotebook) -> None:
    path = notebook("print(n)", parameters="n: int = 1\nm: int = 2")
    order = RunOrder(path=path.name, parameters={"n": 5}, profile="small", labels={"team": "risk"}, name="by-form")
    run = launch(client, path, order).run
    assert (run.name, run.parameters, run.given) == ("by-form", {"n": 5, "m": 2}, ("n",))
    assert (run.profile, run.labels) == ("small", {"team": "risk"})


def test_every_fault_of_a_value_names_its_field(client: Client, notebook: WriteNotebook) -> None:
    path = notebook("print(n)", parameters="n: int = 1\nrate: float = 0.1")
    with pytest.raises(InvalidInputError) as caught:
        launch(client, path, RunOrder(path=path.name, parameters={"n": "many", "rate": []}))
    assert {fault.where for fault in caught.value.faults} == {"n", "rate"}


def test_data_that_is_read_is_offered_as_a_data_root_and_used_as_one(
    client: Client, notebook: WriteNotebook, tmp_path: Path
) -> None:
    (tmp_path / "gristmill.yaml").write_text("")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "loans.csv").write_bytes(b"a,b\n" * 500_000)
    path = notebook("text = open('raw/loans.csv').read()")
    with pytest.raises(InvalidInputError) as caught:
        launch(client, path, RunOrder(path=path.name))
    (place,) = {fault.where for fault in caught.value.faults}
    assert place.startswith("data:raw")
    run = launch(client, path, RunOrder(path=path.name, data_roots=(place.removeprefix("data:"),))).run
    assert [one.at for one in run.data] == [place.removeprefix("data:")]
    assert launch(client, path, RunOrder(path=path.name)).run.data == run.data  # from now on


def test_data_becomes_a_data_root_only_when_the_run_is_not_refused(
    client: Client, notebook: WriteNotebook, tmp_path: Path
) -> None:
    (tmp_path / "gristmill.yaml").write_text("")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "loans.csv").write_bytes(b"a,b\n" * 500_000)
    path = notebook("text = open('raw/loans.csv').read()", parameters="n: int = 1")
    before = client.send(api.list_data_roots())
    with pytest.raises(InvalidInputError):
        launch(client, path, RunOrder(path=path.name, parameters={"n": "many"}, data_roots=("raw",)))
    assert client.send(api.list_data_roots()) == before
    assert [one.at for one in preflight(client, path, PreflightOrder(path=path.name)).data] == ["raw"], "still offered"
    assert launch(client, path, RunOrder(path=path.name, data_roots=("raw",))).run.data
    assert preflight(client, path, PreflightOrder(path=path.name)).data == ()


def test_a_notebook_that_is_not_there_is_told_by_the_path_that_one_sees(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no notebook work"):
        launch(client, tmp_path / "gone.ipynb", RunOrder(path="work/gone.ipynb"))


async def test_a_control_plane_that_was_killed_is_found_again_by_the_next_question(
    control_plane: ControlPlane,
) -> None:
    known = Known(control_plane.client)
    before = (await known.send(api.status())).pid
    control_plane.kill()
    assert (await known.send(api.status())).pid != before
    await known.close()


async def test_what_may_not_be_done_twice_is_not_repeated(control_plane: ControlPlane) -> None:
    known = Known(control_plane.client)
    await known.send(api.status())
    control_plane.kill()
    order: Call[Run] = call("POST", "/api/runs/none/cancel", Run)
    with pytest.raises(UnavailableError):
        await known.send(order)
    with pytest.raises(NotFoundError):
        await known.send(order)
    await known.close()


def test_the_virtual_environment_of_the_project_is_told_of_and_added_once(
    client: Client, notebook: WriteNotebook, tmp_path: Path
) -> None:
    (tmp_path / "gristmill.yaml").write_text("")
    path = notebook("import json")
    with pytest.raises(NotFoundError, match="no virtual environment"):
        use_venv(client, path)
    venv.create(tmp_path / ".venv", symlinks=True)
    (site,) = (tmp_path / ".venv" / "lib").glob("python*/site-packages")
    (site / "of_this_one.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # a kernel is in there
    order = PreflightOrder(path=path.name)
    assert preflight(client, path, order).venv == OwnVenv(folder=".venv")
    added = use_venv(client, path)
    assert added.source == str(tmp_path / ".venv")
    assert use_venv(client, path) == added
    assert preflight(client, path, order).venv == OwnVenv(folder=".venv", environment=added.name)
    chosen = PreflightOrder(path=path.name, environment=added.name)
    assert preflight(client, path, chosen).venv is None, "it is what the notebook runs in"


def test_why_there_would_be_no_run_is_an_answer_and_no_error_before_one_asks_for_it(
    client: Client, notebook: WriteNotebook, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "features.py").write_text("")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "gristmill.yaml").write_text("")
    path = notebook("import sys\nsys.path.append('../shared')\nimport features").rename(tmp_path / "work" / "a.ipynb")
    told = preflight(client, path, PreflightOrder(path="work/a.ipynb"))
    assert told.refusal is not None
    assert "lies outside the project" in told.refusal.detail
    assert {one.profile for one in told.forecasts} >= {"small"}, "what is free is known all the same"
    path.write_text("{ half a notebook")
    told = preflight(client, path, PreflightOrder(path="work/a.ipynb"))
    assert told.refusal is not None


def test_before_a_run_one_is_told_its_packages_its_data_and_what_the_last_one_took(
    client: Client, notebook: WriteNotebook, tmp_path: Path
) -> None:
    (tmp_path / "gristmill.yaml").write_text("")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "loans.csv").write_bytes(b"a,b\n" * 500_000)
    path = notebook("import json, no_such_module_1")
    told = preflight(client, path, PreflightOrder(path=path.name))
    assert told.packages is not None
    assert (told.packages.kernel, told.packages.environment) == ("python3", None)
    assert (told.packages.packages or 0) > 10
    assert [(one.module, one.number) for one in told.packages.lacking] == [("no_such_module_1", 1)]
    assert "pip install no_such_module_1" in (told.packages.fix or "")
    assert {one.profile: one.run for one in told.forecasts}["small"] is None

    path = notebook("text = open('raw/loans.csv').read()")
    told = preflight(client, path, PreflightOrder(path=path.name))
    (offer,) = told.data
    assert (offer.at, offer.certain, offer.size) == ("raw", True, 2_000_000)
    run = launch(client, path, RunOrder(path=path.name, profile="small", data_roots=("raw",))).run
    client.wait(run)
    told = preflight(client, path, PreflightOrder(path=path.name))
    assert told.data == ()
    assert {one.profile: one.run for one in told.forecasts}["small"] == run.name
