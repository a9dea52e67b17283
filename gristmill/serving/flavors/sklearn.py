"""scikit-learn models, the unchanged object: `mlflow.sklearn` of 3.17 says how it stores them."""

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gristmill.endpoints.model import Tier
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.batch import Takes
from gristmill.serving.columnar import ColumnSignature
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors.base import Flavor, LoadContext, Predictor
from gristmill.serving.flavors.explain import add_code, explained, require_own, version_notes
from gristmill.serving.predictions import jsonable

_LOADER = "mlflow.sklearn"
_BY_NAME = frozenset({"ColumnTransformer", "FunctionTransformer"})
_KNOWN = ("sklearn.", "xgboost.", "lightgbm.")


class SklearnFlavor(Flavor):
    name: ClassVar[str] = "sklearn"

    def serves(self, folder: ModelFolder) -> bool:
        return "sklearn" in folder.flavors and folder.flavors.get("python_function", {}).get("loader_module") == _LOADER

    def load(self, folder: ModelFolder, context: LoadContext) -> Predictor:
        conf = folder.flavors["sklearn"]
        path = folder.file(str(conf.get("pickled_model", "model.pkl")))
        add_code(folder, conf)
        with explained(folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions that differ become notes
            model, note = _read(folder, conf, path)
            notes = [note, *version_notes(folder, native=True), *_limit_threads(model, context.threads)]
        predictor = SklearnPredictor(model, _method(model, folder), tuple(filter(None, notes)))
        if takes_array(model, predictor, context):
            predictor.takes = Takes.ARRAY
            # Names were compared once, above; scikit-learn would warn about their absence at every call.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
        return predictor


class SklearnPredictor(Predictor):
    tier: ClassVar[Tier] = Tier.NATIVE

    def __init__(self, model: Any, method: str, notes: tuple[str, ...]) -> None:
        self.model = model
        self.notes = notes
        self._predict = getattr(model, method)

    def predict(self, data: Any, params: dict[str, Any] | None) -> Any:  # noqa: ARG002 - MLflow gives params to no estimator
        return self._predict(data)


def _read(folder: ModelFolder, conf: dict[str, Any], path: Path) -> tuple[Any, str | None]:
    """The model, and what to say about how it was read."""
    kind = conf.get("serialization_format", "pickle")
    if kind == "skops":
        return _read_skops(path, [str(name) for name in conf.get("skops_trusted_types") or ()])
    if kind not in {"pickle", "cloudpickle"}:
        raise LoadError(
            f"the model is serialized as {kind!r}: expected skops, cloudpickle or pickle",
            hint="Log it again with serialization_format='skops'.",
        )
    note = require_own(folder, f"by {kind}")
    with path.open("rb") as file:
        return importlib.import_module(kind).load(file), note


def _read_skops(path: Path, trusted: list[str]) -> tuple[Any, str | None]:
    import skops.io

    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
    if unknown:
        raise LoadError(
            f"the model holds types that it does not list as trusted: {', '.join(unknown)}",
            hint=f"If you trust them, log it again with skops_trusted_types={unknown!r}.",
        )
    note = f"trusts the types that the model lists: {', '.join(trusted)}" if trusted else None
    return skops.io.load(path, trusted=trusted), note


def _method(model: Any, folder: ModelFolder) -> str:
    name = str(folder.flavors["python_function"].get("predict_fn", "predict"))
    if not callable(getattr(model, name, None)):
        raise LoadError(
            f"the model answers by {name!r}, and a {type(model).__name__} has no such method",
            hint="Log it again with another pyfunc_predict_fn, for example 'predict'.",
        )
    return name


def takes_array(model: Any, predictor: Predictor, context: LoadContext) -> bool:
    """Whether one numpy array gives the very answers of a DataFrame. It halves a small model's time.

    True where no part of the model can pick columns by name, the names and their order are those of the signature, and
    both forms answer the input example alike.
    """
    signature = context.signature
    if (
        context.sample is None
        or not isinstance(signature, ColumnSignature)
        or not (signature.named and signature.numeric)
    ):
        return False
    names = getattr(model, "feature_names_in_", None)
    if names is None or list(names) != [column.name for column in signature.all]:
        return False
    if not all(_ignores_names(part) for part in _parts(model)):
        return False
    if context.sample.layout is not signature.full.layout:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = [predictor.predict(context.sample.data(takes), None) for takes in (Takes.ARRAY, Takes.FRAME)]
    left, right = (np.asarray(jsonable(answer)) for answer in answers)
    return left.shape == right.shape and bool(np.array_equal(left, right))


def _parts(model: Any) -> Iterator[Any]:
    """The estimator and all that it is made of."""
    yield model
    for value in model.get_params(deep=True).values():
        if hasattr(value, "fit") or hasattr(value, "transform"):
            yield value
    best = getattr(model, "best_estimator_", None)
    if best is not None:
        yield from _parts(best)


def _ignores_names(part: Any) -> bool:
    kind = type(part)
    shaped = getattr(part, "_sklearn_output_config", None)  # set_output: frames between the steps
    return kind.__module__.startswith(_KNOWN) and kind.__name__ not in _BY_NAME and not shaped


def _limit_threads(model: Any, threads: int) -> list[str]:
    """Sets every `n_jobs` that asks for more than the endpoint's share; one row is answered faster by one thread."""
    if not hasattr(model, "get_params"):
        return []
    asks = {
        name: value
        for name, value in model.get_params(deep=True).items()
        if name.rpartition("__")[2] == "n_jobs" and isinstance(value, int) and not 1 <= value <= threads
    }
    if not asks:
        return []
    model.set_params(**dict.fromkeys(asks, threads))
    return [f"{', '.join(asks)} set to {threads}, the endpoint's share of the processor"]
