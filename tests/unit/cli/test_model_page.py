"""What is shown of a model version."""

import pytest

from gristmill.cli.model_page import measured, print_version
from gristmill.cli.models import endpoint_for
from gristmill.models.model import ModelVersion, RegisteredModel
from gristmill.runs.model import Metric
from tests.unit.cli.made import NOON

VERSION = ModelVersion(
    project_id="default",
    name="churn",
    version="3",
    source="models:/m-1",
    artifact_path="1/models/m-1",
    created_at=NOON,
    status="READY",
    metrics={"auc": 0.9235, "auc_std": 0.012, "auc_count": 25.0, "loss_std": 0.1},
    flavors=("python_function", "sklearn"),
    signature={
        "inputs": [
            {"type": "double", "name": "x", "required": True},
            {"type": "string", "name": "state", "required": False},
            {"type": {"type": "array"}, "name": "tags", "required": True},
        ],
        "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}],
        "params": [{"name": "threshold", "type": "double", "default": 0.5}],
    },
    suggestion="The model has no input example.",
)
MODEL = RegisteredModel(project_id="default", name="churn", created_at=NOON, versions=(VERSION,))


def test_a_metric_of_repeats_that_mlflow_keeps_as_three_is_one() -> None:
    assert measured(VERSION.metrics) == {
        "auc": Metric(value=0.9235, spread=0.012, count=25),
        "loss_std": Metric(value=0.1),
    }


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [("churn", "churn"), ("Churn Model v2!", "churn-model-v2"), ("…", "NAME"), ("x" * 80, "x" * 63)],
)
def test_the_next_step_names_an_endpoint_that_may_be_named_so(model: str, endpoint: str) -> None:
    assert endpoint_for(model) == endpoint


def test_a_version_shows_what_it_takes_and_answers(capsys: pytest.CaptureFixture[str]) -> None:
    print_version(VERSION, MODEL, "train-41")
    out, err = capsys.readouterr()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for line in (
        "churn/3",
        "made by train-41",
        "auc 0.9235 ± 0.012 (n=25)",
        "x double",
        "state string optional",
        'tags {"type": "array"}',
        "threshold double default 0.5",
        "float32 [-1, 2]",
    ):
        assert line in lines
    assert "The model has no input example." in err
