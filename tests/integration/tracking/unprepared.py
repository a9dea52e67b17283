"""What a notebook that knows nothing of Gristmill does: run by the tests with MLflow's own client."""

import json
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

out: dict[str, object] = {}
X, y = make_classification(200, 5, random_state=0)
client = MlflowClient()

experiment = mlflow.set_experiment("my churn experiment")
out["experiment"] = experiment.experiment_id
mlflow.set_experiment_tag("team", "growth")

with mlflow.start_run(run_name="first") as first:
    out["first"] = first.info.run_id
    mlflow.log_param("depth", 3)
    mlflow.log_metric("auc", 0.9, step=1)
    mlflow.log_metrics({"auc": 0.91, "nan": float("nan")}, step=2)
    client.log_batch(first.info.run_id, [Metric("batched", 1.5, 0, 0)], [Param("p", "q")], [RunTag("t", "u")])
    mlflow.log_dict({"a": 1}, "deep/folder/a b.json")
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder, "big.bin")
        big.write_bytes(b"x" * 3_000_000)
        mlflow.log_artifact(str(big))
    figure = plt.figure()
    plt.plot([1, 2])
    mlflow.log_figure(figure, "plot.png")
    with mlflow.start_run(nested=True, run_name="inner") as inner:
        out["inner"] = inner.info.run_id
        mlflow.log_metric("inner", 1)
    model = LogisticRegression().fit(X, y)
    info = mlflow.sklearn.log_model(
        model,
        name="model",
        input_example=X[:2],
        registered_model_name="unprepared",
        pip_requirements=["scikit-learn"],
    )
    out["model"] = info.model_id
    out["version"] = info.registered_model_version

with mlflow.start_run(run_name="second") as second:
    out["second"] = second.info.run_id
    mlflow.sklearn.autolog(log_models=True)
    LogisticRegression(C=0.5).fit(X, y)
    mlflow.log_input(mlflow.data.from_numpy(X, name="train"))

mlflow.sklearn.autolog(disable=True)


@mlflow.trace  # type: ignore[untyped-decorator]  # MLflow ships no types
def traced(n: int) -> int:
    return n + 1


traced(1)
mlflow.flush_trace_async_logging()
out["traces"] = [trace.info.trace_id for trace in mlflow.search_traces(return_type="list")]
runs = mlflow.search_runs()
out["found"] = sorted(runs["run_id"])
loaded = mlflow.sklearn.load_model(f"models:/unprepared/{info.registered_model_version}")
out["same"] = bool(np.array_equal(loaded.predict(X), model.predict(X)))
out["download"] = Path(mlflow.artifacts.download_artifacts(f"runs:/{out['first']}/deep/folder/a b.json")).read_text()
mlflow.end_run()
json.dump(out, sys.stdout)
