"""What every flavor must do: `Flavor` in gristmill/serving/flavors/base.py says it, this holds it."""

import hashlib
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gristmill.endpoints.model import Tier
from gristmill.serving.artifact import ORIGIN, read_model
from gristmill.serving.batch import Batch, Takes, join
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors import FLAVORS, load
from gristmill.serving.flavors.base import LoadContext, Predictor
from gristmill.serving.invocations import Invocations
from gristmill.serving.params import ParamSchema
from gristmill.serving.predictions import jsonable, rows_of
from gristmill.serving.signature import compile_signature
from tests.serving_kit.store import Models

# One model at least of every flavor: the flavor's name, the model, whether its files can run code.
CASES = [
    ("sklearn", "pipeline", False),
    ("sklearn", "logistic", False),
    ("sklearn", "pickled_labels", True),
    ("sklearn", "tensor", False),
    ("xgboost", "xgb_classifier", False),
    ("xgboost", "booster", False),
    ("python_function", "python_model", True),
    ("python_function", "type_hints", True),
]
every_case = pytest.mark.parametrize(("flavor", "kind", "runs_code"), CASES, ids=[f"{f}-{k}" for f, k, _ in CASES])
pytestmark = pytest.mark.filterwarnings("ignore")  # what MLflow and the libraries say while they make the models


def loaded(folder: Path) -> tuple[Predictor, Batch]:
    """The predictor, and the input example as it takes it."""
    model = read_model(folder)
    signature = compile_signature(model)
    assert model.example is not None
    sample = Invocations(signature, ParamSchema(model.params)).from_json(model.example)
    return load(model, LoadContext(signature=signature, sample=sample)), sample


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@every_case
def test_the_first_flavor_that_serves_a_model_is_its_own(
    models: Models, flavor: str, kind: str, *, runs_code: bool
) -> None:
    folder = read_model(models(kind))
    assert next(candidate for candidate in FLAVORS if candidate.serves(folder)).name == flavor


@every_case
def test_it_answers_what_mlflow_answers(models: Models, flavor: str, kind: str, *, runs_code: bool) -> None:
    import mlflow.pyfunc

    predictor, sample = loaded(models(kind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = mlflow.pyfunc.load_model(str(models(kind)))
    ours = predictor.predict(sample.data(predictor.takes), sample.params)
    theirs = reference.predict(sample.data(Takes.PLAIN), params=sample.params)
    _assert_same(ours, theirs)


@every_case
def test_it_answers_the_same_twice_and_leaves_its_input_and_files_alone(
    models: Models, flavor: str, kind: str, *, runs_code: bool
) -> None:
    before = digest(models(kind))
    predictor, sample = loaded(models(kind))
    data = sample.data(predictor.takes)
    first = predictor.predict(data, sample.params)
    _assert_same(predictor.predict(data, sample.params), first)
    _assert_same(predictor.predict(sample.data(predictor.takes), sample.params), first)
    assert digest(models(kind)) == before


@every_case
def test_a_joinable_predictor_answers_each_row_by_itself(
    models: Models, flavor: str, kind: str, *, runs_code: bool
) -> None:
    predictor, sample = loaded(models(kind))
    if not predictor.joinable:
        assert predictor.tier is Tier.PYFUNC
        return
    alone = predictor.predict(sample.data(predictor.takes), None)
    twice = predictor.predict(join([sample, sample]).data(predictor.takes), None)
    assert rows_of(twice) == 2 * sample.rows
    _assert_same(twice[: sample.rows], alone)
    _assert_same(twice[sample.rows :], alone)


@every_case
def test_files_that_can_run_code_are_opened_only_if_they_are_from_this_registry(
    models: Models, tmp_path: Path, flavor: str, kind: str, *, runs_code: bool
) -> None:
    foreign = tmp_path / "model"
    shutil.copytree(models(kind), foreign)
    (foreign / ORIGIN).unlink()
    if runs_code:
        with pytest.raises(LoadError, match="runs code"):
            loaded(foreign)
        predictor, _ = loaded(models(kind))
        assert any("runs code" in note for note in predictor.notes)
    else:
        predictor, _ = loaded(foreign)
        assert not any("runs code" in note for note in predictor.notes)


@every_case
def test_a_native_flavor_never_imports_mlflow(models: Models, flavor: str, kind: str, *, runs_code: bool) -> None:
    program = (
        "import sys; from pathlib import Path; from gristmill.serving.served import load_variant;"
        "from gristmill.serving.artifact import read_model; from gristmill.endpoints.model import Variant;"
        "v = Variant(name='main', model='m', version='1', artifact_path='x', profile='p');"
        f"s = load_variant(v, read_model(Path({str(models(kind))!r})), 1.0);"
        "print(s.status.tier.value, 'mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    tier, imported = done.stdout.split()
    assert (tier, imported) == (("pyfunc", "True") if flavor == "python_function" else ("native", "False"))


@every_case
def test_a_missing_file_is_named(models: Models, tmp_path: Path, flavor: str, kind: str, *, runs_code: bool) -> None:
    broken = tmp_path / "model"
    shutil.copytree(models(kind), broken)
    data = [path for path in broken.iterdir() if path.suffix in {".skops", ".pkl", ".ubj", ".py", ".json"}]
    for path in data:
        if "example" not in path.name and path.name != ORIGIN:
            path.unlink()
    with pytest.raises(LoadError):
        loaded_without_sample(broken)


def loaded_without_sample(folder: Path) -> Predictor:
    model = read_model(folder)
    return load(model, LoadContext(signature=compile_signature(model)))


def _assert_same(left: Any, right: Any) -> None:
    left, right = jsonable(left), jsonable(right)
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray) or _is_numbers(left):
        np.testing.assert_allclose(np.asarray(left, float), np.asarray(right, float), rtol=1e-6)
    else:
        assert left == right


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and np.asarray(value).dtype.kind == "f"
