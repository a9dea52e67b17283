"""Loads a model by the first flavor that serves it: native ones first, MLflow itself last."""

from gristmill.serving.artifact import ModelFolder
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors.answering import require_answers
from gristmill.serving.flavors.base import Flavor, LoadContext, Predictor
from gristmill.serving.flavors.pyfunc import PyfuncFlavor
from gristmill.serving.flavors.sklearn import SklearnFlavor
from gristmill.serving.flavors.xgboost import XgboostFlavor

FLAVORS: tuple[Flavor, ...] = (SklearnFlavor(), XgboostFlavor(), PyfuncFlavor())


def load(folder: ModelFolder, context: LoadContext) -> Predictor:
    """The loaded model.

    Raises:
        LoadError: it cannot be served here.
    """
    for flavor in FLAVORS:
        if flavor.serves(folder):
            predictor = flavor.load(folder, context)
            require_answers(predictor, context)
            return predictor
    raise LoadError(
        f"the model has the flavors {', '.join(folder.flavors)}: none of them can be served",
        hint="Log it with a flavor that has python_function, for example mlflow.pyfunc.log_model.",
    )
