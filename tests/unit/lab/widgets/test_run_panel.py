"""The form of a run: what may be chosen by name, and under what a fault of the server's stands."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gristmill_lab.widgets import kernel
from gristmill_lab.widgets.run_panel import RunPanel

from gristmill.client.call import Call
from gristmill.core.errors import Fault, ForbiddenError, InvalidInputError


class Planes:
    """A control plane that has profiles and environments, and counts how often it was asked."""

    def __init__(self) -> None:
        self.profiles, self.environments = ["small"], list[str]()
        self.asked: list[str] = []

    async def send(self, request: Call[Any]) -> Any:
        self.asked.append(request.path.rpartition("/")[2])
        if self.asked[-1] == "profiles":
            return [SimpleNamespace(profile=SimpleNamespace(name=name)) for name in self.profiles]
        return [SimpleNamespace(name=name) for name in self.environments]


class Looks:
    """The panels' thread, which looks when a test lets it."""

    def __init__(self) -> None:
        self.due = 0

    def add(self, panel: object) -> None:
        self.due += 1

    def look(self, panel: object) -> None:
        self.due += 1

    def remove(self, panel: object) -> None:
        pass


@pytest.fixture
def plane() -> Planes:
    return Planes()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    made = Looks()
    monkeypatch.setattr(kernel, "LIVE", made)
    return made


@pytest.fixture
def form(looks: Looks, tmp_path: Path) -> Iterator[RunPanel]:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": 'depth = 3\nlabels = "y"\nretries = 2'}
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    made = RunPanel(path)
    yield made
    made.close()


@pytest.fixture
def look(form: RunPanel, looks: Looks, plane: Planes) -> Callable[[], None]:
    def refreshed() -> None:
        assert looks.due, "nobody wants it to look"
        looks.due = 0
        asyncio.run(form.refresh(plane))  # type: ignore[arg-type]

    return refreshed


def chosen(form: RunPanel) -> tuple[Any, Any]:
    return form.profile, form.environment


def test_where_there_is_no_environment_that_is_asked_once_and_one_is_refused(
    form: RunPanel, looks: Looks, look: Callable[[], None], plane: Planes
) -> None:
    look()
    looks.due = 1
    look()
    assert plane.asked == ["profiles", "environments"]
    form.environment = "light"
    look()
    assert chosen(form) == (None, None)
    assert "there is no environment &#x27;light&#x27;" in form._said.value
    assert "no environment at all" in form._said.value


def test_an_environment_that_was_made_since_the_first_look_can_be_chosen(
    form: RunPanel, look: Callable[[], None], plane: Planes
) -> None:
    plane.environments = ["deep"]
    look()
    form.environment = "deep"
    plane.environments = ["deep", "light"]
    told: list[str | None] = []
    form.observe(lambda change: told.append(change["new"]), names="environment")
    form.environment = "light"
    look()
    assert (form.environment, form._environments.input.value, form._said.value) == ("light", "light", "")
    assert told == ["light"], "and no other meanwhile"


def test_a_wrong_name_that_was_given_before_any_is_known_is_not_kept(
    form: RunPanel, look: Callable[[], None], plane: Planes
) -> None:
    form.profile, form.environment = "huge", "light"
    plane.environments = ["light"]
    look()
    assert chosen(form) == (None, "light"), "the other one is looked for all the same"
    assert form._profiles.input.label == "the notebook's own"
    assert "there is no profile &#x27;huge&#x27;" in form._said.value
    assert "There are: small" in form._said.value
    assert form._environments.input.value == "light"


def marked(form: RunPanel, name: str) -> list[bool]:
    """Of the notebook's parameter and of the option of that name, whether a fault stands under it."""
    boxes = [*form._form.box.children, *form._options.form.box.children]
    return ["grw-Fault" in box.children[1].value for box in boxes if box.children[0].description == name]


def test_a_fault_stands_under_the_parameter_and_not_under_the_option_of_its_name(form: RunPanel) -> None:
    form._refused(InvalidInputError("refused", faults=(Fault(where="labels", message="labels: no such column"),)))
    assert marked(form, "labels") == [True, False]
    assert form._options.box.selected_index is None, "nothing in it is wrong"


def test_a_fault_of_an_option_is_seen(form: RunPanel) -> None:
    form._refused(InvalidInputError("refused", faults=(Fault(where="name", message="name: too long"),)))
    assert marked(form, "name") == [True]
    assert form._options.box.selected_index == 0


def test_what_came_of_a_press_stays_whatever_comes_of_the_looks_after_it(form: RunPanel) -> None:
    form._cancel_button.click()
    assert "there is no run" in form._said.value
    form.refreshed(ForbiddenError("it lacks the scope 'runs:read'"))
    assert "there is no run" in form._said.value
    assert "runs:read" in form._fault.value
    form.refreshed(None)
    assert "there is no run" in form._said.value
    assert form._fault.value == ""
