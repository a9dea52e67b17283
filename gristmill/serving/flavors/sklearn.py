"""scikit-learn models, the unchanged object: `mlflow.sklearn` of 3.17 says how it stores them."""

import importlib
import warnings
from pathlib import Path
from typing import Any, ClassVar

from gristmill.endpoints.model import Tier
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors.answering import method_of, tell_answers
from gristmill.serving.flavors.arrays import choose_form
from gristmill.serving.flavors.base import Flavor, LoadContext, Predictor
from gristmill.serving.flavors.explain import add_code, explained, require_own, version_notes

_LOADER = "mlflow.sklearn"


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
        logged = _method(model, folder)
        method = method_of(model, logged, context.answers)
        predictor = SklearnPredictor(model, method, tuple(filter(None, notes)))
        tell_answers(predictor, model, method=method, logged=logged)
        choose_form(predictor, model, context)
        return predictor


class SklearnPredictor(Predictor):
    tier: ClassVar[Tier] = Tier.NATIVE
    quick = True

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
