"""Real MLflow models, small and quick to make, each a kind that endpoints meet."""

import importlib
import json
import pickle
import secrets
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from gristmill.serving.artifact import ORIGIN

ROWS = 200
REQUIREMENTS = {"pip_requirements": ["scikit-learn"]}


def customers(rows: int = ROWS) -> pd.DataFrame:
    """Numbers, an integer, text with gaps: like the tables of real life."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({name: rng.normal(size=rows) for name in ("minutes", "charge", "tenure")})
    frame["calls"] = rng.integers(0, 9, rows)
    frame["state"] = rng.choice(["KS", "OH", "NJ"], rows)
    frame["plan"] = rng.choice(["yes", "no"], rows)
    return frame


def churned(frame: pd.DataFrame) -> Any:
    return (frame["minutes"] + (frame["plan"] == "yes") > 0.4).astype(int).to_numpy()


def numbers(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({name: rng.normal(size=rows) for name in ("a", "b", "c")})


def pipeline(path: Path) -> None:
    """Columns by name, text, an integer; XGBoost inside scikit-learn, stored by skops; answers probabilities."""
    import mlflow.sklearn
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from xgboost import XGBClassifier

    frame = customers()
    text = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = make_column_transformer((text, ["state", "plan"]), remainder=StandardScaler())
    model = make_pipeline(columns, XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1))
    model.fit(frame, churned(frame))
    mlflow.sklearn.save_model(
        model,
        path,
        signature=_signature(frame, model.predict_proba(frame)),
        input_example=frame.head(2),
        pyfunc_predict_fn="predict_proba",
        skops_trusted_types=["numpy.dtype", "xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"],
        **REQUIREMENTS,
    )


def logistic(path: Path) -> None:
    """Named numbers: may go to the model as one array."""
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression

    frame = numbers()
    model = LogisticRegression().fit(frame, (frame["a"] > 0).astype(int))
    mlflow.sklearn.save_model(
        model,
        path,
        signature=_signature(frame, model.predict_proba(frame)),
        input_example=frame.head(3),
        pyfunc_predict_fn="predict_proba",
        **REQUIREMENTS,
    )


def pickled_labels(path: Path) -> None:
    """Pickled; answers words."""
    import mlflow.sklearn
    from sklearn.tree import DecisionTreeClassifier

    frame = numbers()
    model = DecisionTreeClassifier(max_depth=3).fit(frame, np.where(frame["a"] > 0, "stays", "leaves"))
    mlflow.sklearn.save_model(
        model,
        path,
        signature=_signature(frame, model.predict(frame)),
        input_example=frame.head(2),
        serialization_format="cloudpickle",
        **REQUIREMENTS,
    )


def tensor(path: Path) -> None:
    """Fitted on an array: one unnamed tensor."""
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression

    array = numbers().to_numpy()
    model = LinearRegression().fit(array, array @ [1.0, 2.0, 3.0])
    mlflow.sklearn.save_model(
        model, path, signature=_signature(array, model.predict(array)), input_example=array[:2], **REQUIREMENTS
    )


def without_signature(path: Path) -> None:
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression

    array = numbers().to_numpy()
    mlflow.sklearn.save_model(LinearRegression().fit(array, array @ [1.0, 2.0, 3.0]), path, **REQUIREMENTS)


def unnamed_columns(path: Path) -> None:
    """Columns known by their place only."""
    import mlflow.sklearn
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from sklearn.linear_model import LinearRegression

    array = numbers().to_numpy()
    signature = ModelSignature(inputs=Schema([ColSpec("double") for _ in range(3)]))
    mlflow.sklearn.save_model(
        LinearRegression().fit(array, array @ [1.0, 2.0, 3.0]), path, signature=signature, **REQUIREMENTS
    )


def xgb_classifier(path: Path) -> None:
    import mlflow.xgboost
    from xgboost import XGBClassifier

    frame = numbers()
    model = XGBClassifier(n_estimators=5, max_depth=2).fit(frame, (frame["a"] > 0).astype(int))
    mlflow.xgboost.save_model(
        model, path, signature=_signature(frame, model.predict(frame)), input_example=frame.head(2), **REQUIREMENTS
    )


def booster(path: Path) -> None:
    import mlflow.xgboost
    import xgboost

    frame = numbers()
    matrix = xgboost.DMatrix(frame, label=(frame["a"] > 0).astype(int))
    model = xgboost.train({"objective": "binary:logistic", "max_depth": 2}, matrix, num_boost_round=5)
    mlflow.xgboost.save_model(
        model, path, signature=_signature(frame, model.predict(matrix)), input_example=frame.head(2), **REQUIREMENTS
    )


def python_model(path: Path) -> None:
    """Code of the user's own, with a parameter."""
    frame = pd.DataFrame({"x": [1.5, 2.5], "name": ["a", "b"]})
    _pyfunc(
        path,
        """
        def predict(self, context, model_input, params=None):
            import pandas as pd
            factor = (params or {}).get("factor", 1.0)
            if (model_input["x"] < 0).any():
                raise ValueError("x is negative")
            if (model_input["x"] > 1e6).any():
                raise RuntimeError("too much for me")
            if (model_input["x"] == 666).any():
                raise SystemExit(3)
            return pd.DataFrame({"y": model_input["x"] * factor, "name": model_input["name"]})
        """,
        signature=_signature(frame, pd.DataFrame({"y": [1.0], "name": ["a"]}), {"factor": 2.0, "tags": ["a"]}),
        input_example=frame,
    )


def every_type(path: Path) -> None:
    """Answers what it was given, type by type: what a column became can be seen from outside."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType, Array, Map, Object, Property

    scalars = [ColSpec(kind.name, kind.name) for kind in DataType]
    nested: list[Any] = [
        ColSpec(Array("double"), "numbers"),
        ColSpec(Array(Array("string")), "words"),
        ColSpec(Object([Property("id", "long"), Property("note", "string", required=False)]), "thing"),
        ColSpec(Map("double"), "scores"),
        ColSpec(AnyType(), "anything"),
        ColSpec("string", "extra", required=False),
    ]
    _pyfunc(
        path,
        """
        def predict(self, context, model_input, params=None):
            return [
                {str(name): [type(value).__name__, str(value)] for name, value in row.items()}
                for row in model_input.to_dict("records")
            ]
        """,
        signature=ModelSignature(inputs=Schema(scalars + nested)),
    )


def named_tensors(path: Path) -> None:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    inputs = Schema(
        [TensorSpec(np.dtype("float32"), (-1, 2), "points"), TensorSpec(np.dtype("int64"), (-1,), "weights")]
    )
    _pyfunc(
        path,
        """
        def predict(self, context, model_input, params=None):
            return model_input["points"].sum(axis=1) * model_input["weights"]
        """,
        signature=ModelSignature(inputs=inputs),
    )


def type_hints(path: Path) -> None:
    """Checks its own input."""
    _pyfunc(
        path,
        """
        def predict(self, model_input: list[dict[str, int]], params=None) -> list[int]:
            return [sum(item.values()) for item in model_input]
        """,
        input_example=[{"a": 1, "b": 2}],
    )


def chat(path: Path) -> None:
    """Takes a chat client's body as it comes."""
    _pyfunc(
        path,
        """
        def predict(self, context, model_input, params=None):
            return {"choices": [message["content"].upper() for message in model_input["messages"]]}
        """,
    )


def tiny(path: Path) -> None:
    """Loads quickly, for tests that are about processes: a class of a few lines, which needs no library."""
    code = path / "code"
    code.mkdir(parents=True)
    module = f"tiny_{secrets.token_hex(4)}"
    (code / f"{module}.py").write_text(
        "class Tiny:\n    def predict(self, frame):\n        return (frame['a'] * 2).to_numpy()\n", "utf-8"
    )
    sys.path.insert(0, str(code))
    try:
        (path / "model.pkl").write_bytes(pickle.dumps(importlib.import_module(module).Tiny()))
    finally:
        sys.path.remove(str(code))
    inputs = json.dumps([{"type": "double", "name": name} for name in ("a", "b", "c")])
    document = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"},
            "sklearn": {"pickled_model": "model.pkl", "serialization_format": "pickle", "code": "code"},
        },
        "signature": {"inputs": inputs},
        "saved_input_example_info": {"artifact_path": "input_example.json", "type": "dataframe"},
    }
    (path / "MLmodel").write_text(yaml.safe_dump(document), "utf-8")
    (path / "input_example.json").write_text('{"columns": ["a", "b", "c"], "data": [[1.5, 0, 0]]}', "utf-8")


KINDS: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        pipeline,
        logistic,
        pickled_labels,
        tensor,
        without_signature,
        unnamed_columns,
        xgb_classifier,
        booster,
        python_model,
        every_type,
        named_tensors,
        type_hints,
        chat,
        tiny,
    )
}


def make(kind: str, path: Path) -> Path:
    """Saves the model of that kind at `path`, as the supervisor would leave it there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        KINDS[kind](path)
    (path / ORIGIN).write_text(f'{{"artifact_path": "{kind}"}}', "utf-8")
    return path


def _signature(inputs: Any, outputs: Any, params: dict[str, Any] | None = None) -> Any:
    from mlflow.models import infer_signature

    return infer_signature(inputs, outputs, params)


def _pyfunc(path: Path, method: str, **arguments: Any) -> None:
    """A model from code, which any process can load."""
    import mlflow.pyfunc

    body = "\n".join(line.removeprefix("    ") for line in method.splitlines())
    code = path.with_suffix(".py")
    code.write_text(
        "import mlflow\nfrom mlflow.pyfunc import PythonModel\n\n\nclass Model(PythonModel):"
        f"{body}\n\n\nmlflow.models.set_model(Model())\n",
        "utf-8",
    )
    mlflow.pyfunc.save_model(path, python_model=str(code), pip_requirements=["mlflow"], **arguments)
