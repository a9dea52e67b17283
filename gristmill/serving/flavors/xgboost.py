"""XGBoost models in XGBoost's own format, boosters and the scikit-learn classes: as `mlflow.xgboost` stores them."""

import importlib
import inspect
from typing import Any, ClassVar

import numpy as np

from gristmill.endpoints.model import Tier
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Takes
from gristmill.serving.columnar import ColumnSignature
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors.answering import method_of, tell_answers
from gristmill.serving.flavors.arrays import choose_form
from gristmill.serving.flavors.base import Flavor, LoadContext, Predictor
from gristmill.serving.flavors.explain import add_code, explained, version_notes

_LOADER = "mlflow.xgboost"
_BOOSTER = "xgboost.core.Booster"


class XgboostFlavor(Flavor):
    name: ClassVar[str] = "xgboost"

    def serves(self, folder: ModelFolder) -> bool:
        pyfunc = folder.flavors.get("python_function", {})
        return "xgboost" in folder.flavors and pyfunc.get("loader_module") == _LOADER

    def load(self, folder: ModelFolder, context: LoadContext) -> Predictor:
        conf = folder.flavors["xgboost"]
        path = folder.file(str(conf.get("data", "model.ubj")))
        name = str(conf.get("model_class", _BOOSTER))
        add_code(folder, conf)
        with explained(folder):
            model = _class(name)()
            model.load_model(path)
            _limit_threads(model, context.threads)
        notes = version_notes(folder, native=True)
        if name == _BOOSTER:
            return BoosterPredictor(model, notes, context)
        logged = str(folder.flavors["python_function"].get("predict_fn", "predict"))
        method = method_of(model, logged, context.answers)
        predictor = XgboostPredictor(model, method, notes)
        tell_answers(predictor, model, method=method, logged=logged)
        choose_form(predictor, model, context)
        return predictor


class XgboostPredictor(Predictor):
    """One of XGBoost's scikit-learn classes."""

    tier: ClassVar[Tier] = Tier.NATIVE
    quick = True

    def __init__(self, model: Any, method: str, notes: tuple[str, ...]) -> None:
        self.model = model
        self.notes = notes
        self._predict = getattr(model, method)
        self._accepts = set(inspect.signature(self._predict).parameters) - {"X", "self"}

    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        if not params:
            return self._predict(data)
        return self._predict(data, **{name: value for name, value in params.items() if name in self._accepts})


class BoosterPredictor(Predictor):
    tier: ClassVar[Tier] = Tier.NATIVE
    quick = True

    def __init__(self, booster: Any, notes: tuple[str, ...], context: LoadContext) -> None:
        import xgboost

        self.booster = booster
        self.notes = notes
        self._matrix = xgboost.DMatrix
        self._accepts = set(inspect.signature(booster.predict).parameters) - {"data", "self"}
        self._in_place = _same_in_place(self, context)
        if self._in_place:
            self.takes = Takes.ARRAY

    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        if self._in_place and not params:
            return self.booster.inplace_predict(data)
        return self.by_matrix(data, params or {})

    def by_matrix(self, data: Any, params: dict[str, Any]) -> Any:
        """The answer as `mlflow.xgboost` computes it."""
        matrix = self._matrix(data, feature_names=self.booster.feature_names if isinstance(data, np.ndarray) else None)
        return self.booster.predict(matrix, **{k: v for k, v in params.items() if k in self._accepts})


def _same_in_place(predictor: BoosterPredictor, context: LoadContext) -> bool:
    """Whether rows may skip XGBoost's own matrix: the names are the signature's and the example is answered alike."""
    signature, sample = context.signature, context.sample
    if sample is None or not isinstance(signature, ColumnSignature) or not signature.numeric:
        return False
    names = predictor.booster.feature_names
    if names != [column.name for column in signature.all] or sample.layout is not signature.full.layout:
        return False
    try:
        in_place = predictor.booster.inplace_predict(sample.data(Takes.ARRAY))
    except (ValueError, NotImplementedError):  # XGBoostError: this booster cannot
        return False
    return bool(np.array_equal(in_place, predictor.by_matrix(sample.data(Takes.FRAME), {})))


def _class(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    if not module.startswith("xgboost"):
        raise LoadError(
            f"the model's class is {name!r}: expected one of xgboost's own",
            hint="Log it with mlflow.pyfunc.log_model, which takes any class.",
        )
    return getattr(importlib.import_module(module), kind)


def _limit_threads(model: Any, threads: int) -> None:
    if hasattr(model, "set_params"):
        model.set_params(n_jobs=threads)
    else:
        model.set_param({"nthread": threads})
