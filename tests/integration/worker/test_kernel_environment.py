"""What a notebook finds around it."""

import json
import re
import stat
import tempfile
from pathlib import Path
from typing import Any

from tests.integration.worker.conftest import Worker
from tests.integration.worker.notebooks import code

SHOW = "import json, os, sys, pathlib\nprint(json.dumps(dict(os.environ)))"


def environment_of(worker: Worker, **environ: str) -> dict[str, str]:
    worker.order(SHOW, cpu=2.0)
    worker.run(**environ)
    found: dict[str, str] = json.loads(worker.control_plane.log("stdout"))
    return found


def test_tracking_and_thread_pools_are_set_and_credentials_are_not(worker: Worker) -> None:
    found = environment_of(
        worker,
        GRISTMILL_TOKEN="person-token",
        JUPYTERHUB_API_TOKEN="hub-token",
        MLFLOW_TRACKING_USERNAME="somebody",
        MLFLOW_EXPERIMENT_NAME="elsewhere",
        MKL_NUM_THREADS="7",
    )
    order = worker.control_plane.order
    assert order is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/mlflow", found["MLFLOW_TRACKING_URI"])
    assert found["MLFLOW_TRACKING_URI"] != order.tracking_uri, "it is one that stays when the control plane moves"
    assert found["MLFLOW_TRACKING_TOKEN"] == "kernel-token"
    assert found["MLFLOW_RUN_ID"] == order.tracking_run
    assert found["GRISTMILL_ATTEMPT"] == worker.attempt
    assert found["GRISTMILL_RUN"] == "run_1"
    assert (found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"]) == ("2", "7")
    secrets = {"person-token", "hub-token", "worker-token", "somebody", "elsewhere"}
    assert not secrets & set(found.values())


def test_modules_are_found_below_the_import_roots(worker: Worker) -> None:
    worker.order(
        "import helper, library\nprint(helper.NAME, library.NAME)\nprint(open('data.txt').read())",
        notebook="notebooks/train.ipynb",
        files={
            "src/library.py": b"NAME = 'library'",
            "helper.py": b"NAME = 'helper'",
            "notebooks/data.txt": b"beside the notebook",
        },
        import_roots=(".", "src"),
    )
    assert worker.run()["state"] == "succeeded"
    assert worker.control_plane.log() == "helper library\nbeside the notebook\n"


CONNECTION = (
    "import ipykernel, json\nprint(ipykernel.get_connection_file())\n"
    "print(json.load(open(ipykernel.get_connection_file()))['transport'])"
)


def test_connection_file_and_sockets_are_nobody_elses(worker: Worker) -> None:
    with tempfile.TemporaryDirectory() as short:
        worker.folder = Path(short).resolve() / worker.folder.name
        worker.order(CONNECTION)
        worker.run()
        connection, transport = worker.control_plane.log().split()
        folder = Path(connection).parent
        assert (folder, transport) == (worker.folder / "runtime", "ipc")
        assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o700
        assert not Path(connection).exists()


def test_a_long_path_to_the_attempt_is_no_obstacle(worker: Worker, tmp_path: Path) -> None:
    """Unix sockets have short names only: the kernel then listens on loopback."""
    worker.folder = tmp_path / ("long" * 20) / worker.folder.name
    worker.order(CONNECTION)
    assert worker.run()["state"] == "succeeded"
    assert worker.control_plane.log().split()[1] == "tcp"


VALUES: dict[str, Any] = {
    "text": "naïve 'quotes' \"double\" \\ 日本\n line",
    "day": "2024-02-29",
    "moment": "2024-02-29T12:30:00",
    "days": ["2024-01-01", "2024-01-02"],
    "rate": 2.0,
    "nothing": None,
    "flag": True,
    "nested": {"a": [1, 2.5, None, {"b": "ü"}], "c": False},
}


def test_parameters_arrive_with_the_types_that_the_notebook_declares(worker: Worker) -> None:
    declared = (
        "from datetime import date, datetime\n"
        "text = ''\nday = date(2020, 1, 1)\nmoment: datetime = datetime(2020, 1, 1)\n"
        "days: list[date] = []\nrate: float = 1.0\nnothing: int | None = 3\nflag = False\nnested: dict = {}"
    )
    worker.order(
        code(declared, "parameters"),
        "del date, datetime\nimport json\n"
        "print(json.dumps([text, repr(day), repr(moment), repr(days), rate, nothing, flag, nested]))",
        parameters=VALUES,
    )
    worker.run()
    text, day, moment, days, *rest = json.loads(worker.control_plane.log("stdout"))
    assert text == VALUES["text"]
    assert day == "datetime.date(2024, 2, 29)"
    assert moment == "datetime.datetime(2024, 2, 29, 12, 30)"
    assert days == "[datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]"
    assert rest == [2.0, None, True, VALUES["nested"]]
    assert worker.control_plane.executed["cells"][1]["metadata"]["tags"] == ["injected-parameters"]


def test_a_notebooks_name_may_hold_braces(worker: Worker) -> None:
    """Papermill reads paths as format strings."""
    worker.order(code("x = 1", "parameters"), "print(x)", notebook="a {b} {}/{0}.ipynb", parameters={"x": 2})
    assert worker.run()["state"] == "succeeded"
    assert worker.control_plane.log() == "2\n"
