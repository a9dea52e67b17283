"""A home with a control plane that knows its kill points, an endpoint that serves, and a notebook that counts."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.client.credentials import read_port_file
from gristmill.core.errors import GristmillError
from gristmill.core.settings import Settings
from gristmill.core.small_blobs import SMALL_BLOB
from gristmill.endpoints.model import EndpointState
from gristmill.runs.model import RunRequest, RunState
from tests.integration.faults import kill_points
from tests.integration.faults.sights import View, processes
from tests.waiting import until

INSIDE = Path(__file__).parent / "inside"
ENDPOINT = "struck"
PROFILES = """\
capacity: {cpu: 4, memory: 4G}
profiles:
  bit: {cpu: 1, memory: 512M}
"""
MARK = """\
import os
def mark(what, cell, place={marks!r}):
    line = f"{{what}} {{os.environ['GRISTMILL_ATTEMPT']}} {{cell}} {{os.getpid()}} {{os.environ['JPY_PARENT_PID']}}\\n"
    file = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)
"""
# An output that is too large to travel beside what points to it: it is sent by itself.
THIRD = "third"
TIMES = 2 * SMALL_BLOB // len(THIRD)
CELLS = (
    "mark('entered', 1)\nimport time\nprint('first')\ntime.sleep(0.1)\nmark('left', 1)",
    "mark('entered', 2)\nimport gristmill\ngristmill.report(score=2.0)\nprint('second')\nmark('left', 2)",
    f"mark('entered', 3)\nopen('out.txt', 'w').write({THIRD!r} * {TIMES})\ntime.sleep(0.3)\nmark('left', 3)",
    "mark('entered', 4)\ngristmill.report(last=4.0)\nprint('fourth')\nmark('left', 4)",
)
TRAIN = """\
import mlflow, numpy
class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * float(one) for one in numpy.ravel(model_input)]
mlflow.pyfunc.log_model(name="m", python_model=Twice(), input_example=[1.0, 2.0], pip_requirements=["mlflow"])
"""


class Scene:
    """`endpoint` is the address of one that serves; None in a scene without.

    In a cold one nothing is forked from a zygote, and workers and supervisors have kill points inside as well.
    `database` is a PostgreSQL's address; None is SQLite in the home.
    """

    def __init__(self, folder: Path, *, cold: bool = False, database: str | None = None) -> None:
        self.cold = cold
        self.home, self.points = folder / "home", folder / "points"
        self.marks = folder / "marks"
        self.folder = folder
        self.settings = Settings(home=self.home, database_url=database)
        self.view = self.another_view()
        self.endpoint: str | None = None
        self._snapshot = ""

    def client(self) -> Client:
        """Of the living control plane; it is started where none lives."""
        return Client(settings=self.settings)

    def another_view(self) -> View:
        """With connections of its own."""
        return View(self.home, self.marks, self.settings.database)

    def prepare(self, *, endpoint: bool = True) -> None:
        for name in ("armed", "fired"):
            (self.points / name).mkdir(parents=True)
        (self.points / "points.json").write_text(json.dumps(kill_points.as_json()))
        self.home.mkdir(mode=0o700)
        (self.home / "profiles.yaml").write_text(PROFILES)
        with self.client() as client:
            first = client.wait(client.run(self._write("work.ipynb", *self._cells())))
            assert first.state is RunState.SUCCEEDED, first.fault
            self._snapshot = first.snapshot
            if endpoint:
                self._deploy(client)

    def _deploy(self, client: Client) -> None:
        trained = client.wait(client.run(self._write("train.ipynb", TRAIN)))
        assert trained.state is RunState.SUCCEEDED, trained.fault
        client.wait_for_tracking()
        deployed = client.deploy(ENDPOINT, client.register("m", trained), open=True)
        assert deployed.state is EndpointState.READY
        self.endpoint = deployed.url

    def _cells(self) -> tuple[str, ...]:
        return (MARK.format(marks=str(self.marks)) + CELLS[0], *CELLS[1:])

    def request(self, name: str, retries: int) -> RunRequest:
        return RunRequest(snapshot=self._snapshot, name=name, retries=retries)

    def _write(self, name: str, *cells: str) -> Path:
        project = self.folder / name.partition(".")[0]
        project.mkdir()
        listed: list[dict[str, object]] = [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
            for n, cell in enumerate(cells)
        ]
        spec = {"name": "python3", "display_name": "p", "language": "python"}
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": listed}
        (project / name).write_text(json.dumps(content))
        return project / name

    def stop(self) -> None:
        """Ends everything; nothing of this home lives then."""
        self.view.close()
        for armed in (self.points / "armed").iterdir():
            armed.unlink()
        with self.client() as client:
            client.send(api.stop_server(everything=True))
        until(lambda: not (self.home / "server.json").exists(), 120, "the control plane has ended")
        try:
            until(lambda: not self.left(), 120, "nothing of the home lives")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.left()}") from error

    def left(self) -> list[str]:
        return [str(one) for one in processes(self.home)]

    def lives(self) -> bool:
        """Whether the control plane's process does, which need not answer yet."""
        found = read_port_file(self.settings.port_file)
        try:
            return found is not None and b"gristmill.server" in Path(f"/proc/{found.pid}/cmdline").read_bytes()
        except FileNotFoundError:
            return False

    def answers(self) -> bool:
        """Whether the control plane answers and MLflow and the endpoint are ready."""
        try:
            with self.client() as client:
                ready = client.send(api.status()).tracking == "ready"
                return ready and (
                    self.endpoint is None or client.send(api.get_endpoint(ENDPOINT)).state is EndpointState.READY
                )
        except GristmillError:
            return False


@contextmanager
def surroundings(scene: Scene) -> Iterator[None]:
    """What a control plane of a scene is started with: its kill points, a key for secrets."""
    warm = "0" if scene.cold else "1"
    knowing = ("gristmill.server", "gristmill.worker", "gristmill.serving") if scene.cold else ("gristmill.server",)
    changes: dict[str, str | None] = {
        "GRISTMILL_DATABASE_URL": scene.settings.database_url,
        "KILL_POINTS": str(scene.points),
        "KILL_POINTS_IN": " ".join(knowing),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(INSIDE), os.environ.get("PYTHONPATH")))),
        "GRISTMILL_WARM_KERNELS": warm,
        "GRISTMILL_WARM_WORKERS": warm,
        "GRISTMILL_SECRETS_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "GRISTMILL_SECRETS_VAULT": "encrypted",
    }
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
