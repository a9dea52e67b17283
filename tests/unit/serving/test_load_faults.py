"""A model that cannot be loaded says what is wrong and what to do."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from gristmill.serving.artifact import MLMODEL, ORIGIN, read_model
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors import load
from gristmill.serving.flavors.base import LoadContext, Predictor
from gristmill.serving.requirements import differences, install_line, pins
from gristmill.serving.signature import compile_signature


class Grumpy:
    """Unpickles into whatever error a test wants."""

    def __init__(self, statement: str) -> None:
        self.statement = statement

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.statement,)


def pickled(root: Path, content: bytes, *requirements: str, python: str = "3.11.0", **conf: Any) -> Path:
    flavors = {
        "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", "python_version": python},
        "sklearn": {"pickled_model": "model.pkl", "serialization_format": "pickle", **conf},
    }
    (root / MLMODEL).write_text(yaml.safe_dump({"flavors": flavors}), "utf-8")
    (root / "model.pkl").write_bytes(content)
    (root / "requirements.txt").write_text("\n".join(requirements), "utf-8")
    (root / ORIGIN).write_text("{}", "utf-8")
    return root


def loaded(root: Path) -> Predictor:
    folder = read_model(root)
    return load(folder, LoadContext(signature=compile_signature(folder)))


def fault(root: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        loaded(root)
    return caught.value


def test_a_missing_package_comes_with_its_install_line(tmp_path: Path) -> None:
    content = pickle.dumps(Grumpy("import lightgbm_of_nowhere.sklearn"))
    error = fault(pickled(tmp_path, content, "lightgbm-of-nowhere==4.1.0"))
    assert "'lightgbm_of_nowhere'" in error.message
    assert error.hint is not None
    assert error.hint.startswith("pip install lightgbm-of-nowhere==4.1.0")


def test_a_module_that_no_package_is_asked_for_may_be_ones_own(tmp_path: Path) -> None:
    error = fault(pickled(tmp_path, pickle.dumps(Grumpy("import churn_helper.features")), "scikit-learn==1.5.0"))
    assert error.hint is not None
    assert "code_paths=['churn_helper.py']; else pip install churn-helper" in error.hint


def test_a_failed_load_names_the_versions_that_differ(tmp_path: Path) -> None:
    content = pickle.dumps(Grumpy("raise AttributeError('no such thing in this version')"))
    error = fault(pickled(tmp_path, content, "scikit-learn==0.24.2", python="3.7.9"))
    assert "no such thing in this version" in error.message
    assert error.hint is not None
    assert "scikit-learn==0.24.2" in error.hint
    assert "Python 3.7.9" in error.hint


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x05X"])
def test_a_broken_file_is_explained(tmp_path: Path, content: bytes) -> None:
    assert "could not be loaded" in fault(pickled(tmp_path, content)).message


def test_an_unknown_serialization_is_explained(tmp_path: Path) -> None:
    error = fault(pickled(tmp_path, b"", serialization_format="dill"))
    assert "'dill'" in error.message
    assert error.hint is not None
    assert "skops" in error.hint


def test_a_method_that_the_model_lacks_is_explained(tmp_path: Path) -> None:
    root = pickled(tmp_path, pickle.dumps({"no": "model"}))
    assert "no such method" in fault(root).message


def test_a_path_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    root = pickled(tmp_path, b"", pickled_model="../model.pkl")
    assert "leaves the model's folder" in fault(root).message


def test_types_that_are_not_trusted_are_listed(tmp_path: Path) -> None:
    import skops.io
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=1).fit([[0.0], [1.0]], [0, 1])
    root = pickled(tmp_path, b"", serialization_format="skops", pickled_model="model.skops")
    skops.io.dump(model, root / "model.skops")
    error = fault(root)
    assert "xgboost.sklearn.XGBClassifier" in error.message
    assert error.hint is not None
    assert "skops_trusted_types=['xgboost.core.Booster', 'xgboost.sklearn.XGBClassifier']" in error.hint


def test_a_model_that_no_flavor_serves_is_explained(tmp_path: Path) -> None:
    (tmp_path / MLMODEL).write_text(yaml.safe_dump({"flavors": {"onnx": {}}}), "utf-8")
    assert "onnx" in fault(tmp_path).message


def test_an_xgboost_class_of_somebody_else_is_refused(tmp_path: Path) -> None:
    flavors = {
        "python_function": {"loader_module": "mlflow.xgboost"},
        "xgboost": {"data": "model.ubj", "model_class": "os.system"},
    }
    (tmp_path / MLMODEL).write_text(yaml.safe_dump({"flavors": flavors}), "utf-8")
    (tmp_path / "model.ubj").write_bytes(b"")
    assert "'os.system'" in fault(tmp_path).message


def test_versions_that_differ_are_notes_where_the_model_loads(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0], [1.0]], [0, 1])
    notes = loaded(pickled(tmp_path, pickle.dumps(model), "scikit-learn==0.24.2", "mlflow==1.0")).notes
    assert any("scikit-learn==0.24.2" in note for note in notes)
    assert not any("mlflow" in note for note in notes)


REQUIREMENTS = ("scikit_learn==1.5.0", "xgboost-cpu[all] == 3.0.1 ; python_version > '3'", "pandas>=2", "git+https://x")


def test_pins_are_read_from_requirements(tmp_path: Path) -> None:
    folder = read_model(pickled(tmp_path, b"", *REQUIREMENTS))
    assert pins(folder) == {"scikit-learn": "1.5.0", "xgboost-cpu": "3.0.1", "pandas": None, "git": None}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("sklearn.pipeline", "pip install scikit-learn==1.5.0"),
        ("xgboost", "pip install xgboost-cpu==3.0.1"),
        ("pandas", "pip install pandas"),
        ("some_thing", "pip install some-thing"),
    ],
)
def test_the_install_line_names_package_and_version(tmp_path: Path, module: str, line: str) -> None:
    assert install_line(read_model(pickled(tmp_path, b"", *REQUIREMENTS)), module) == line


def test_the_same_versions_are_no_difference(tmp_path: Path) -> None:
    import platform

    import sklearn

    root = pickled(tmp_path, b"", f"scikit-learn=={sklearn.__version__}", python=platform.python_version())
    assert differences(read_model(root)) == []
