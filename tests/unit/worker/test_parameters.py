import math
from pathlib import Path
from typing import Any

import pytest
from papermill.translators import PythonTranslator, papermill_translators

from gristmill.notebooks.model import Parameter, ParameterSchema, ParameterType
from gristmill.worker.parameters import read_schema, register_typed_literals
from tests.integration.worker.notebooks import code, notebook

SCHEMA = ParameterSchema(
    language="python",
    cell=0,
    parameters=(
        Parameter(name="day", type=ParameterType.DATE),
        Parameter(name="days", type=ParameterType.LIST, items=ParameterType.DATE),
        Parameter(name="text", type=ParameterType.STR),
    ),
)


@pytest.fixture(autouse=True)
def papermills_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with papermill's own translators."""
    monkeypatch.setattr(papermill_translators, "_translators", {**papermill_translators._translators})


def injected(values: dict[str, Any]) -> dict[str, Any]:
    register_typed_literals(SCHEMA)
    translator = papermill_translators.find_translator("python3", "python")
    namespace: dict[str, Any] = {}
    exec(translator.codify(values, "Parameters"), namespace)  # noqa: S102  # what a kernel does with it
    return {name: namespace[name] for name in values}


def test_values_arrive_as_they_were_given() -> None:
    values = {"text": "2024-01-01 'ü' \\ \n \ud83d\ude00", "new": [1, 2.5, None, True, {"a": "b"}], "big": 10**30}
    assert injected(values) == values


def test_dates_arrive_as_dates_where_the_notebook_has_dates() -> None:
    found = injected({"day": "2024-02-29", "days": ["2024-01-01"], "text": "2024-02-29"})
    assert repr(found["day"]) == "datetime.date(2024, 2, 29)"
    assert repr(found["days"]) == "[datetime.date(2024, 1, 1)]"
    assert found["text"] == "2024-02-29"


def test_numbers_that_are_not_finite_arrive_however_deep_they_lie() -> None:
    found = injected({"a": math.nan, "b": [math.inf, {"c": -math.inf}]})
    assert math.isnan(found["a"])
    assert found["b"] == [math.inf, {"c": -math.inf}]


def test_other_languages_keep_papermills_translators() -> None:
    before = papermill_translators.find_translator("ir", "R")
    register_typed_literals(SCHEMA)
    assert papermill_translators.find_translator("ir", "R") is before
    assert issubclass(papermill_translators.find_translator("python3", "python"), PythonTranslator)


def test_the_schema_is_the_notebooks_own_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(notebook(code("x: int = 3", "parameters")))
    assert [one.name for one in read_schema(path).parameters] == ["x"]
    path.write_text("no notebook")
    assert read_schema(path).parameters == ()
