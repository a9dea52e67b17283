"""How a run's metrics went, step by step, whoever kept them."""

import pytest

from gristmill.client import api
from gristmill.client.client import Client
from gristmill.runs.model import RunState
from tests.integration.conftest import WriteNotebook

pytestmark = pytest.mark.both_databases

CELLS = (
    "import gristmill\nfor step in range(5):\n    gristmill.report({'F1 (macro)': step / 10}, step=step)",
    "import mlflow\nfor step in range(3):\n    mlflow.log_metric('loss', 1 / (step + 1), step=step)",
)


def test_what_was_reported_and_what_mlflow_was_told_have_one_history(client: Client, notebook: WriteNotebook) -> None:
    run = client.wait(client.run(notebook(*CELLS)))
    assert run.state is RunState.SUCCEEDED
    history = client.send(api.get_history(run.id))
    assert (history.run, history.attempt) == (run.id, run.attempt and run.attempt.id)
    reported, logged = history.metrics
    assert (reported.name, reported.steps, reported.values) == ("F1 (macro)", (0, 1, 2, 3, 4), (0, 0.1, 0.2, 0.3, 0.4))
    assert (logged.name, logged.values) == ("loss", (1, 0.5, 1 / 3))

    (one,) = client.send(api.get_history(run.id, metrics=("loss",), points=2)).metrics
    assert (one.name, one.steps, one.sampled) == ("loss", (0, 2), True)
