"""A form from a notebook's schema: one control per parameter, of its type; what is wrong is marked under it."""

from typing import Any

import pytest
from gristmill_lab.widgets.form import Form
from ipywidgets import HTML, Checkbox, DatePicker, Dropdown, FloatText, IntText, SelectMultiple, Text

from gristmill.core.errors import Fault, InvalidInputError
from gristmill.notebooks.model import ParameterSchema
from gristmill.notebooks.python_parameters import read_parameters
from gristmill.notebooks.source import Cell, NotebookSource

PARAMETERS = """\
from datetime import date
from typing import Literal
depth: int = 4  # of the trees, from 1 to 9
rate: float = 0.1
fast: bool = True
kind: Literal["gbm", "linear"] = "gbm"
name: str = "mine"
day: date = date(2026, 1, 31)
layers: list[int] = [8, 4]
seed: int | None = None
path: str
columns: list[Literal["a", "b", "c"]] = ["a"]"""


def schema(source: str) -> ParameterSchema:
    cell = Cell(index=0, kind="code", source=source, tags=frozenset({"parameters"}))
    return read_parameters(NotebookSource(cells=(cell,), kernel=None, language="python"))


@pytest.fixture
def changes() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def form(changes: list[dict[str, Any]]) -> Form:
    made = Form(schema(PARAMETERS), lambda: changes.append(dict(made.values)))
    return made


def control(form: Form, name: str) -> Any:
    return next(box.children[0] for box in form.box.children if box.children[0].description == name)


def note(form: Form, name: str) -> str:
    found: HTML = next(box.children[1] for box in form.box.children if box.children[0].description == name)
    text: str = found.value
    return text


def test_each_parameter_has_a_control_of_its_type(form: Form) -> None:
    kinds = [type(box.children[0]) for box in form.box.children]
    assert kinds == [IntText, FloatText, Checkbox, Dropdown, Text, DatePicker, Text, Text, Text, SelectMultiple]
    assert "a whole number from 1 to 9 · of the trees" in note(form, "depth")


def test_values_are_what_the_notebook_has_until_somebody_changes_them(
    form: Form, changes: list[dict[str, Any]]
) -> None:
    assert form.values == {
        "depth": 4,
        "rate": 0.1,
        "fast": True,
        "kind": "gbm",
        "name": "mine",
        "day": "2026-01-31",
        "layers": [8, 4],
        "seed": None,
        "columns": ["a"],
    }
    control(form, "depth").value = 6
    control(form, "layers").value = "[16]"
    control(form, "seed").value = "7"
    assert changes[-1] == {**form.values, "depth": 6, "layers": [16], "seed": 7}
    assert len(changes) == 3


def test_what_is_wrong_or_lacking_stands_under_its_field_and_hinders_a_run(form: Form) -> None:
    assert [fault.where for fault in form.faults] == ["path"], "it has no default"
    assert "needs a value" in note(form, "path")
    control(form, "path").value = "loans.csv"
    control(form, "depth").value = 20
    control(form, "layers").value = "[8,"
    assert 'role="alert"' in note(form, "depth")
    assert {fault.where for fault in form.faults} == {"depth", "layers"}
    with pytest.raises(InvalidInputError, match="depth, layers"):
        form.changed_values()
    control(form, "depth").value = 5
    control(form, "layers").value = "[8, 4]"
    assert form.changed_values() == {"depth": 5, "path": "loans.csv"}, "only what is not the notebook's own is set"


def test_some_values_are_set_by_code_and_all_faults_are_told_at_once(form: Form) -> None:
    form.write({"day": "2026-02-01", "kind": "linear", "columns": ["b", "c"], "seed": 3})
    assert control(form, "kind").value == "linear"
    assert form.values["columns"] == ["b", "c"]
    form.write({"seed": None})
    assert form.values["seed"] is None
    assert form.values["depth"] == 4
    with pytest.raises(InvalidInputError) as caught:
        form.write({"depth": "many", "nope": 1, "kind": "tree", "rate": 0.2})
    assert {fault.where for fault in caught.value.faults} == {"depth", "nope", "kind"}
    assert form.values["rate"] == 0.1, "nothing of it was set"


def test_a_fault_of_the_servers_comes_to_the_same_place(form: Form) -> None:
    form.mark(InvalidInputError("refused", faults=(Fault(where="layers[1]", message="<not> an int"),)))
    assert "&lt;not&gt; an int" in note(form, "layers")


def test_a_notebook_without_parameters_says_so() -> None:
    form = Form(ParameterSchema(language="python", cell=None), lambda: None)
    assert "takes no parameters" in form.box.children[0].value
    assert form.changed_values() == {}
