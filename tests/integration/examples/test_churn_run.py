"""The churn example from its first cell to its last, under plain papermill without any server."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

CHURN = Path(__file__).parents[3] / "notebooks" / "examples" / "churn"
MIME = "application/vnd.gristmill.v1+json"

pytestmark = [
    pytest.mark.slow,
    # MLflow, skops and what they import warn about each other; none of it is ours.
    pytest.mark.filterwarnings("ignore"),
]


@dataclass(frozen=True, kw_only=True)
class Executed:
    folder: Path
    temporary: Path
    notebook: Any

    @property
    def outputs(self) -> list[Any]:
        return [output for cell in self.notebook.cells if cell.cell_type == "code" for output in cell.outputs]

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        said = [output.data[MIME] for output in self.outputs if MIME in output.get("data", {})]
        return {name: dict(value) for one in said if one["verb"] == "report" for name, value in one["metrics"].items()}

    @property
    def holdout(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "holdout.jsonl").read_text(encoding="utf-8").splitlines()]

    def model(self) -> Any:
        """The logged model as MLflow loads it."""
        import mlflow

        (described,) = self.temporary.glob("churn-*/artifacts/**/MLmodel")
        return mlflow.pyfunc.load_model(str(described.parent))


def execute(base: Path, **parameters: str) -> Executed:
    folder, temporary = base / "churn", base / "tmp"
    folder.mkdir()
    temporary.mkdir()
    for name in ("train.ipynb", "churn.parquet"):
        shutil.copy(CHURN / name, folder)
    given = [word for name, value in parameters.items() for word in ("-p", name, value)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "GRISTMILL_"))}
    executed = base / "executed.ipynb"
    result = subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3", *given, "train.ipynb", str(executed)],
        cwd=folder,
        env={**environment, "TMPDIR": str(temporary), "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    notebook = nbformat.reads(executed.read_text(encoding="utf-8"), as_version=4)
    return Executed(folder=folder, temporary=temporary, notebook=notebook)


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Executed:
    return execute(tmp_path_factory.mktemp("all"))


def test_it_reaches_the_score_that_its_readme_states(churn: Executed) -> None:
    roc_auc = churn.metrics["roc_auc"]
    assert 0.91 < roc_auc["value"] < 0.93
    assert 0.01 < roc_auc["spread"] < 0.03
    assert roc_auc["count"] == 20
    assert 0.91 < churn.metrics["holdout_roc_auc"]["value"] < 0.95
    readme = (CHURN / "README.md").read_text(encoding="utf-8")
    assert f"{roc_auc['value']:.3f} ± {roc_auc['spread']:.3f}" in readme


def test_cross_validation_and_held_out_customers_agree(churn: Executed) -> None:
    """A leak through the cross-validation would make it better than the customers that nothing has seen."""
    for name in ("roc_auc", "pr_auc", "brier"):
        repeated, held_out = churn.metrics[name], churn.metrics[f"holdout_{name}"]
        assert abs(repeated["value"] - held_out["value"]) < 2 * repeated["spread"], name


def test_it_prints_no_warning(churn: Executed) -> None:
    assert [output.text for output in churn.outputs if output.output_type == "stream" and output.name == "stderr"] == []
    assert not any("arning" in output.get("text", "") for output in churn.outputs)


def test_it_shows_three_figures(churn: Executed) -> None:
    assert sum("image/png" in output.get("data", {}) for output in churn.outputs) == 3


def test_its_folder_holds_nothing_but_the_declared_output(churn: Executed) -> None:
    assert {path.name for path in churn.folder.iterdir()} == {"train.ipynb", "churn.parquet", "holdout.jsonl"}
    assert (churn.folder / "train.ipynb").read_bytes() == (CHURN / "train.ipynb").read_bytes()


def test_the_logged_model_answers_each_held_out_customer_as_the_notebook_did(churn: Executed) -> None:
    """One by one: an answer must not depend on who else was asked about. Every eighth customer is enough here."""
    import numpy as np
    import pandas as pd

    assert len(churn.holdout) == 2000
    model = churn.model()
    for line in churn.holdout[::8]:
        (answer,) = model.predict(pd.DataFrame([line["customer"]]))
        assert answer.dtype == np.float32
        assert answer.tolist() == line["probabilities"]


def test_the_logged_model_takes_unknown_states_and_missing_numbers(churn: Executed) -> None:
    import pandas as pd

    customer = churn.holdout[0]["customer"]
    odd = {name: None if isinstance(value, float) else "new" for name, value in customer.items()}
    (answer,) = churn.model().predict(pd.DataFrame([odd]).astype(pd.DataFrame([customer]).dtypes))
    assert answer.sum() == pytest.approx(1)


def test_the_model_says_what_it_takes_and_needs(churn: Executed) -> None:
    model = churn.model()
    signature = model.metadata.signature
    assert signature.inputs.input_names() == list(churn.holdout[0]["customer"])
    assert len(signature.inputs.input_names()) == 19
    assert {str(one.type) for one in signature.inputs.inputs} == {"DataType.string", "DataType.double"}
    assert model.metadata.saved_input_example_info is not None
    (requirements,) = churn.temporary.glob("churn-*/artifacts/**/requirements.txt")
    lines = requirements.read_text(encoding="utf-8").split()
    assert all("==" in line for line in lines)
    assert {line.partition("==")[0] for line in lines} >= {"scikit-learn", "skops", "xgboost-cpu"}


def test_numeric_columns_alone_do_worse(tmp_path: Path, churn: Executed) -> None:
    numeric = execute(tmp_path, features="numeric", repeats="1")
    assert len(numeric.holdout[0]["customer"]) == 15
    assert 0.86 < numeric.metrics["roc_auc"]["value"] < churn.metrics["roc_auc"]["value"]
    assert numeric.metrics["roc_auc"]["count"] == 5
