"""With what a classifier answers: labels or probabilities, where scikit-learn's conventions give it both methods."""

from typing import Any

from gristmill.endpoints.model import Answers
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors.base import LoadContext, Predictor

METHODS = {Answers.LABELS: "predict", Answers.PROBABILITIES: "predict_proba"}


def method_of(model: Any, logged: str, wanted: Answers | None) -> str:
    """The method that answers: the one that the model was logged with, if no other is asked for."""
    return METHODS[wanted] if wanted is not None and _can_do_both(model) else logged


def tell_answers(predictor: Predictor, model: Any, *, method: str, logged: str) -> None:
    """Says on the predictor what it answers with, and how the model would answer otherwise."""
    if method not in METHODS.values() or not _can_do_both(model):
        return
    predictor.answers = next(answers for answers, name in METHODS.items() if name == method)
    predictor.as_logged = method == logged
    other = next(name for name in METHODS.values() if name != method)
    predictor.other = getattr(model, other)


def require_answers(predictor: Predictor, context: LoadContext) -> None:
    """Raises LoadError where something else was asked for than the model can answer with."""
    if context.answers is not None and predictor.answers is not context.answers:
        raise LoadError(
            f"the model cannot be asked for {context.answers}: it answers in the one way that it was logged with",
            hint="Deploy it without choosing what it answers with. Classifiers of scikit-learn and XGBoost with "
            "`predict_proba` have the choice.",
        )


def _can_do_both(model: Any) -> bool:
    return all(callable(getattr(model, name, None)) for name in METHODS.values())
