"""Whether an estimator may get its rows as one numpy array instead of a DataFrame. It halves a small model's time."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from gristmill.serving.batch import Takes
from gristmill.serving.columnar import ColumnSignature
from gristmill.serving.flavors.base import LoadContext, Predictor
from gristmill.serving.predictions import jsonable

_BY_NAME = frozenset({"ColumnTransformer", "FunctionTransformer"})
_KNOWN = ("sklearn.", "xgboost.", "lightgbm.")


def choose_form(predictor: Predictor, model: Any, context: LoadContext) -> None:
    """Sets `predictor.takes` to the array, where that gives the very answers of a DataFrame."""
    if not takes_array(model, predictor, context):
        return
    predictor.takes = Takes.ARRAY
    # Names were compared once, here; scikit-learn would warn about their absence at every call.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")


def takes_array(model: Any, predictor: Predictor, context: LoadContext) -> bool:
    """Whether one numpy array gives the very answers of a DataFrame.

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
