import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from gristmill.core.errors import GristmillError, InvalidInputError, UnavailableError
from gristmill.runs.model import Metric, RunState
from gristmill.tracking.model import mlflow_name
from gristmill.worker.tracking import Tracking, as_mlflow


class Mlflow:
    """Stands where the transport is: keeps requests, raises what it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.raising: dict[str, GristmillError] = {}
        self.answers: dict[str, Any] = {"runs/get": {"run": {"data": {"params": [{"key": "known", "value": "1"}]}}}}

    def request(self, _method: str, path: str, body: Any = None, **_: Any) -> bytes:
        call = path.removeprefix("/api/2.0/mlflow/")
        if call in self.raising:
            raise self.raising[call]
        self.requests.append((call, body))
        return msgspec.json.encode(self.answers.get(call, {}))

    def of(self, call: str) -> list[dict[str, Any]]:
        return [body for name, body in self.requests if name == call]


@pytest.fixture
def mlflow() -> Mlflow:
    return Mlflow()


@pytest.fixture
def tracking(mlflow: Mlflow) -> Iterator[Tracking]:
    one = Tracking(mlflow, run="r", experiment="1")  # type: ignore[arg-type]  # stands for the transport
    yield one
    one.settle(patience=0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auc", "auc"),
        ("F1 (macro)", "F1 _macro_"),
        ("a/b", "a/b"),
        ("/a/", "a"),
        ("P@10%", "P_10_"),
        ("größe", "größe"),
        ("/", "_"),
    ],
)
def test_names_are_such_as_mlflow_takes(name: str, expected: str) -> None:
    assert mlflow_name(name) == expected


def test_repeats_are_three_metrics() -> None:
    listed = as_mlflow({"auc": Metric(value=0.9, spread=0.01, count=5, step=2)}, 7)
    assert [(one["key"], one["value"], one["step"], one["timestamp"]) for one in listed] == [
        ("auc", 0.9, 2, 7),
        ("auc_std", 0.01, 2, 7),
        ("auc_count", 5, 2, 7),
    ]


def test_what_is_reported_while_mlflow_answers_goes_to_it_together_and_in_order(
    tracking: Tracking, mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answering = threading.Event(), threading.Event()

    def slow(call: Callable[[], Any], **_: Any) -> Any:
        asked.set()
        answering.wait(10)
        return call()

    monkeypatch.setattr("gristmill.worker.tracking.bridged", slow)
    tracking.log({"loss": Metric(value=0)})
    assert asked.wait(10)
    for step in range(1, 2500):
        tracking.log({"loss": Metric(value=step)})
    answering.set()
    tracking.settle(patience=1)
    batches = [[one["value"] for one in batch["metrics"]] for batch in mlflow.of("runs/log-batch")]
    assert [len(batch) for batch in batches] == [1, 1000, 1000, 499]
    assert [value for batch in batches for value in batch] == list(range(2500))


def test_parameters_that_the_notebook_logged_are_left_alone(tracking: Tracking, mlflow: Mlflow) -> None:
    tracking.settle(patience=1)
    tracking.finish({"known": 2, "new": [1, "a"], "none": None}, RunState.FAILED, pytest.fail)
    (batch,) = mlflow.of("runs/log-batch")
    assert batch["params"] == [{"key": "new", "value": "[1, 'a']"}, {"key": "none", "value": "None"}]
    (end,) = mlflow.of("runs/update")
    assert (end["run_id"], end["status"]) == ("r", "FAILED")


def test_what_is_refused_is_noted_once_and_fails_nothing(tracking: Tracking, mlflow: Mlflow) -> None:
    mlflow.raising["runs/log-batch"] = InvalidInputError("no such run")
    notices: list[str] = []
    for _ in range(3):
        tracking.log({"auc": Metric(value=1.0)})
    tracking.settle(patience=1)
    tracking.finish({}, RunState.SUCCEEDED, notices.append)
    assert notices == ["MLflow did not take metrics: no such run"]
    assert mlflow.of("runs/update")


def test_mlflow_that_stays_away_is_given_up(tracking: Tracking, mlflow: Mlflow) -> None:
    """Patience is for all that is left to do together."""
    for call in ("runs/log-batch", "runs/get", "runs/update", "logged-models/search"):
        mlflow.raising[call] = UnavailableError("away")
    notices: list[str] = []
    tracking.log({"auc": Metric(value=1.0)})
    tracking.settle(patience=0.2)
    assert tracking.models() == ()
    tracking.finish({"a": 1}, RunState.CANCELLED, notices.append)
    assert len(notices) == 4


def test_models_come_with_their_names(tracking: Tracking, mlflow: Mlflow) -> None:
    mlflow.answers["logged-models/search"] = {
        "models": [
            {"info": {"model_id": "m-0", "name": "churn", "status": "LOGGED_MODEL_PENDING"}},
            {"info": {"model_id": "m-1", "name": "churn", "status": "LOGGED_MODEL_READY"}},
        ]
    }
    assert [(one.id, one.name) for one in tracking.models()] == [("m-1", "churn")]
    assert mlflow.of("logged-models/search")[0]["filter"] == "source_run_id = 'r'"


def test_metrics_stand_in_the_order_in_which_the_notebook_logged_them(tracking: Tracking, mlflow: Mlflow) -> None:
    """MLflow answers them by name."""
    logged = [{"key": "auc", "value": 0.9, "timestamp": "9"}, {"key": "loss", "value": 0.1, "timestamp": "8"}]
    mlflow.answers["runs/get"] = {"run": {"data": {"metrics": logged}}}
    assert list(tracking.metrics()) == ["loss", "auc"]
