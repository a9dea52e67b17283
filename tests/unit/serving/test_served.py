"""A variant is tried before it goes live: its example is predicted, and its answers are looked at."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gristmill.endpoints.model import Tier
from gristmill.serving import served as served_module
from gristmill.serving.artifact import ModelFolder
from gristmill.serving.errors import LoadError
from gristmill.serving.flavors.base import Predictor
from gristmill.serving.served import ServedModel, load_variant
from tests.serving_kit.endpoint import variant
from tests.serving_kit.functions import FunctionPredictor

INPUTS = [{"type": "double", "name": "x"}]
EXAMPLE = json.dumps({"dataframe_records": [{"x": 1.0}, {"x": 2.0}]}).encode()


def tried(monkeypatch: pytest.MonkeyPatch, function: Any, **changes: Any) -> ServedModel:
    """A variant whose model is this function."""

    def load(_folder: ModelFolder, _context: Any) -> Predictor:
        return FunctionPredictor(function)

    monkeypatch.setattr(served_module, "load", load)
    fields: dict[str, Any] = {
        "root": Path(),
        "flavors": {"sklearn": {}},
        "inputs": INPUTS,
        "example": EXAMPLE,
        **changes,
    }
    return load_variant(variant(), ModelFolder(**fields), 1.0)


def double(frame: Any) -> Any:
    return frame["x"].to_numpy() * 2


def test_the_example_is_answered_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tried(monkeypatch, double)
    assert model.status.answer == [2.0, 4.0]
    assert model.status.answer_ms is not None
    assert (model.status.tier, model.joinable, model.status.notes) == (Tier.NATIVE, True, ())


def test_a_model_that_fails_on_its_own_example_does_not_go_live(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_frame: Any) -> Any:
        raise ValueError("not today")

    with pytest.raises(LoadError, match="own input example: ValueError: not today"):
        tried(monkeypatch, fail)


def test_an_answer_that_json_cannot_hold_does_not_go_live(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LoadError, match="own input example"):
        tried(monkeypatch, lambda _frame: [object()])


def test_an_example_that_does_not_fit_the_signature_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tried(monkeypatch, double, example=b'{"dataframe_records": [{"y": 1.0}]}')
    assert "column 'x': missing" in model.status.notes[0]
    assert model.status.answer is None


def test_what_a_model_lacks_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tried(monkeypatch, double, inputs=None, example=None).status.notes
    assert any("no signature" in note for note in notes)
    assert any("no input example" in note for note in notes)


@pytest.mark.parametrize(
    "function",
    [
        lambda frame: frame["x"].to_numpy() - frame["x"].mean(),
        lambda frame: [len(frame)] * len(frame),
        lambda frame: np.array([frame["x"].sum()]),
        lambda frame: {"total": float(frame["x"].sum())},
    ],
    ids=["centred", "counted", "summed", "one object"],
)
def test_a_model_whose_answers_depend_on_other_rows_is_asked_one_request_at_a_time(
    monkeypatch: pytest.MonkeyPatch, function: Any
) -> None:
    for example in (EXAMPLE, b'{"dataframe_records": [{"x": 1.0}]}'):
        model = tried(monkeypatch, function, example=example)
        assert not model.joinable
        assert any("depend on the other rows" in note for note in model.status.notes)


def test_a_model_that_refuses_numbers_it_was_not_given_is_joined_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def picky(frame: Any) -> Any:
        if (frame["x"] > 2).any():
            raise ValueError("too much")
        return double(frame)

    assert tried(monkeypatch, picky).joinable
