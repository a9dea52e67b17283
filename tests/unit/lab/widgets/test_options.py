"""What a run has beside its parameters: chosen by name, or typed, and what of it is sent."""

import pytest
from gristmill_lab.widgets.options import Choice, Options, lacking_data

from gristmill.core.errors import Fault, InvalidInputError


@pytest.fixture
def options() -> Options:
    return Options(lambda: None)


def test_nothing_is_sent_that_nobody_has_given(options: Options) -> None:
    assert options.order() == {"name": None, "labels": {}, "timeout_s": None, "retries": 0}
    assert options.box.selected_index is None, "it is folded away"


def test_what_is_given_is_sent_and_a_timeout_is_in_minutes(options: Options) -> None:
    options.form.write({"name": " night ", "labels": {"team": "risk"}, "timeout": 1.5, "retries": 2})
    assert options.order() == {"name": "night", "labels": {"team": "risk"}, "timeout_s": 90.0, "retries": 2}


@pytest.mark.parametrize(
    ("name", "typed", "said"), [("retries", 101, "retries"), ("timeout", "0", "timeout"), ("labels", "risk", "labels")]
)
def test_what_cannot_be_sent_is_marked_and_seen(options: Options, name: str, typed: object, said: str) -> None:
    (field,) = [box.children[0] for box in options.form.box.children if box.children[0].description == name]
    field.value = typed
    with pytest.raises(InvalidInputError, match=said):
        options.order()
    assert options.box.selected_index == 0


def test_all_that_is_wrong_is_said_at_once_and_nothing_of_it_is_set(options: Options) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options.form.write({"retries": -1, "labels": {"team": 1}, "name": "night"})
    assert {fault.where.partition(".")[0].partition("[")[0] for fault in caught.value.faults} == {"retries", "labels"}
    assert options.order()["name"] is None


def test_a_name_is_chosen_before_it_is_known_and_refused_once_it_is_not_there() -> None:
    chosen: list[str | None] = []
    choice = Choice("environment", chosen.append)
    assert not choice.choose("light")
    assert not choice.known
    choice.offer(["light", "deep"], "light")
    assert (choice.known, choice.input.value, chosen) == (True, "light", ["light"])
    assert not choice.choose("none")
    with pytest.raises(InvalidInputError, match="no environment 'none'"):
        choice.offer(["light", "deep"], "none")
    assert choice.input.value == "light"
    assert choice.choose(None)
    assert choice.input.label == "the notebook's own"


def test_that_there_is_none_is_known_too() -> None:
    choice = Choice("environment", lambda _: None)
    assert not choice.has(None)
    choice.offer([], None)
    assert choice.known
    assert choice.has(None)
    assert not choice.has("light")


def test_places_that_could_be_data_roots_are_read_from_a_refusal() -> None:
    faults = tuple(Fault(where=where, message="x") for where in ("data:sales.csv", "depth", "data:images"))
    assert lacking_data(InvalidInputError("refused", faults=faults)) == ("sales.csv", "images")
