"""A classifier answers with labels or probabilities, as it was logged or as it is deployed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gristmill.endpoints.model import Answers
from gristmill.serving.artifact import read_model
from gristmill.serving.errors import LoadError
from gristmill.serving.served import ServedModel, load_variant
from tests.serving_kit import models
from tests.serving_kit.endpoint import variant

pytestmark = pytest.mark.filterwarnings("ignore")  # what MLflow and the libraries say while they make the models


def served(folder: Path, make: Callable[[Path], None], answers: Answers | None = None) -> ServedModel:
    make(folder / "model")
    return load_variant(variant(answers=answers), read_model(folder / "model"), 1.0)


def test_as_it_was_logged_it_says_what_it_would_answer_otherwise(tmp_path: Path) -> None:
    status = served(tmp_path, models.logistic).status
    assert status.answers is Answers.PROBABILITIES
    answer = np.array(status.answer)
    assert answer.shape == (3, 2)
    assert answer.argmax(axis=1).tolist() == status.other_answer


def test_asked_for_the_other_it_answers_with_that(tmp_path: Path) -> None:
    model = served(tmp_path, models.logistic, Answers.LABELS)
    assert model.status.answers is Answers.LABELS
    assert np.array(model.status.answer).shape == (3,)
    assert model.open_inference.output_specs == [], "the signature speaks of the other"


def test_a_model_with_one_way_to_answer_has_no_choice(tmp_path: Path) -> None:
    status = served(tmp_path, models.tensor).status
    assert (status.answers, status.other_answer) == (None, None)
    with pytest.raises(LoadError, match="cannot be asked for probabilities"):
        load_variant(variant(answers=Answers.PROBABILITIES), read_model(tmp_path / "model"), 1.0)
