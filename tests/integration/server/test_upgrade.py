"""A home that an earlier version has made, with runs or an endpoint alive: the control plane is replaced, they go on.

The earlier versions are commits of this repository. Workers and supervisors are of that code, and stay so.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.endpoints.model import DeployRequest
from gristmill.runs.model import RunState
from tests.earlier import COMMITS, Earlier, known, unpacked
from tests.integration.conftest import ControlPlane, WriteNotebook
from tests.integration.server.test_faults import PATIENT, events_of, tracked_status
from tests.integration.server.test_moving import TRAIN, serving
from tests.integration.server.test_two_control_planes import gristmill
from tests.postgres import Postgres
from tests.processes import lives
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Ends when the first run is at work and a second one waits for its capacity.
BEGIN = """
import json, sys, time
from gristmill.client import api
from gristmill.client.client import Client

with Client() as client:
    run, waiting = (client.run(notebook, profile="large") for notebook in sys.argv[1:])
    while (found := client.send(api.get_run(run.id)).run).attempt is None or found.attempt.progress.tail != "at it":
        assert not found.state.final, found
        time.sleep(0.05)
    assert client.send(api.get_run(waiting.id)).run.state == "queued"
    print(json.dumps([run.id, waiting.id]))
"""

SERVE = """
import sys, time
from gristmill.client import api
from gristmill.client.client import Client

with Client() as client:
    run = client.wait(client.run(sys.argv[1]))
    assert run.state == "succeeded", run.fault
    while client.send(api.status()).tracking != "ready":
        time.sleep(0.05)
    client.deploy("churn", client.register("m", run), open=True)
"""

STOP = """
from gristmill.client import api
from gristmill.client.client import Client

with Client() as client:
    client.send(api.stop_server(everything=False))
"""


@dataclass(frozen=True)
class Begun:
    """`run` is held in its first cell until there is a gate; `waiting` is queued behind it."""

    run: str
    waiting: str
    cells: int
    mark: Path
    gate: Path


Unpack = Callable[[str], Earlier]
MakePlane = Callable[[str | None], ControlPlane]


@pytest.fixture
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Unpack:
    """The version whose newest schema this is."""

    def unpack(revision: str) -> Earlier:
        commit = COMMITS[revision]
        if not known(commit):
            pytest.skip(f"needs commit {commit[:7]} (schema {revision}): the whole history, not a shallow clone")
        return unpacked(commit, tmp_path_factory.mktemp("earlier"))

    return unpack


@pytest.fixture
def make_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakePlane]:
    made: list[ControlPlane] = []

    def make(database_url: str | None) -> ControlPlane:
        made.append(ControlPlane(tmp_path_factory.mktemp("home"), database_url))
        return made[-1]

    yield make
    for plane in made:
        plane.stop()


def begin(old: Earlier, plane: ControlPlane, notebook: WriteNotebook) -> Begun:
    mark, gate = plane.home / "mark", plane.home / "gate"
    cells = (
        PATIENT.format(mark=str(mark), gate=str(gate)),
        "import gristmill\ngristmill.report(auc=0.5)",
        "import mlflow\nmlflow.log_metric('logged', 2)",
        "import pathlib\npathlib.Path('made.txt').write_text('made')\nprint('through')",
    )
    paths = notebook(*cells), notebook("print('later')", name="later.ipynb")
    run, waiting = json.loads(old.run(BEGIN, *paths, **plane.environ))
    return Begun(run, waiting, len(cells), mark, gate)


def stop(old: Earlier, plane: ControlPlane) -> None:
    """As `gristmill server stop` does: what runs and serves goes on."""
    process = psutil.Process(plane.pid)
    old.run(STOP, **plane.environ)
    until(lambda: not lives(process), what="it has ended")


def workers(plane: ControlPlane) -> set[int]:
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "-m gristmill.worker" in line and str(plane.home) in line:
            found.add(process.pid)
    return found


def check_both_end_well(client: Client, begun: Begun) -> None:
    """The one has gone on, with all that it has to say, and the other was begun after it."""
    begun.gate.touch()
    for key in (begun.run, begun.waiting):
        ended = client.wait(client.send(api.get_run(key)).run)
        assert ended.state is RunState.SUCCEEDED, ended.fault
        assert ended.attempt is not None
        assert ended.attempt.number == 1
        until(lambda ended=ended: tracked_status(client, ended) == "FINISHED", what="its MLflow run is ended")  # type: ignore[misc]
    assert begun.mark.read_text() == "begun\n"
    detail = client.send(api.get_run(begun.run))
    assert {name: metric.value for name, metric in detail.run.metrics.items()} == {"auc": 0.5, "logged": 2}
    assert [output.name for output in detail.outputs] == ["made.txt"]
    assert b"through" in client.send(api.executed_notebook(begun.run))
    events = events_of(client, detail.run)
    numbers = [event.n for event in events if event.n is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len([event for event in events if event.kind == "cell.finished"]) == begun.cells
    assert len([event for event in events if event.kind == "run.succeeded"]) == 1
    assert client.send(api.verify_audit()).broken_at is None
    until(lambda: not in_use(client, "large"), what="what they held is free again")


def in_use(client: Client, profile: str) -> int:
    return sum(status.in_use for status in client.send(api.list_profiles()) if status.profile.name == profile)


def test_runs_of_the_first_schema_go_on_with_this_version(
    earlier: Unpack, make_plane: MakePlane, notebook: WriteNotebook
) -> None:
    old, plane = earlier("0001"), make_plane(None)
    begun = begin(old, plane, notebook)
    alive = workers(plane)
    stop(old, plane)
    with plane.client() as client:
        assert (plane.home / "gristmill.db.before-0001").exists()
        assert workers(plane) == alive
        check_both_end_well(client, begun)


def test_an_endpoint_of_the_first_schema_goes_on_and_takes_a_new_generation(
    earlier: Unpack, make_plane: MakePlane, notebook: WriteNotebook
) -> None:
    old, plane = earlier("0001"), make_plane(None)
    old.run(SERVE, notebook(TRAIN), **plane.environ)
    supervisors = serving(plane)
    stop(old, plane)
    with plane.client() as client:
        endpoint = client.send(api.get_endpoint("churn"))
        with client.predictor("churn") as predictor:
            assert predictor.predict({"inputs": [[0.0], [3.0]]}) == {"predictions": [0, 1]}
        client.wait_for_tracking()
        request = DeployRequest(model="m", version="1", open=True)
        moved = client.wait_for_endpoint(client.send(api.deploy("churn", request)))
        assert (moved.generation, moved.port) == (2, endpoint.port)
        assert serving(plane) == supervisors, "no supervisor was started anew"


def test_runs_go_on_while_postgresql_is_upgraded_from_an_earlier_schema(
    earlier: Unpack, make_plane: MakePlane, notebook: WriteNotebook, postgres_server: Postgres
) -> None:
    url = postgres_server.address(postgres_server.create())
    old, plane = earlier("0013"), make_plane(url)
    old.run("from gristmill.server.database import main\nmain(['upgrade'])", **plane.environ)
    begun = begin(old, plane, notebook)
    alive = workers(plane)
    stop(old, plane)
    upgraded = gristmill("db", "upgrade", url=url)
    assert upgraded.returncode == 0, upgraded.stderr
    with plane.client() as client:
        assert workers(plane) == alive
        check_both_end_well(client, begun)
